"""The quoted table: one figure for each data set, and those in which the paper's sentences agree with it."""

from f2p_deploy.evaluation.verification.published_accuracy import DATA_SETS, PUBLISHED, column_of


def test_every_method_has_a_cell_for_every_data_set() -> None:
    assert all(len(figures) == len(DATA_SETS) == 7 for figures in PUBLISHED.values())
    assert PUBLISHED["3DMM-CNN"] == (0.9235, *[None] * 6)


def test_one_shot_is_above_iterative_and_below_the_upper_bound_everywhere() -> None:
    rows = zip(*(PUBLISHED[name] for name in ("paper, iterative", "paper, one-shot", "LightCNN-29v2")), strict=True)
    assert all(low < middle < high for low, middle, high in rows)  # type: ignore[operator]
    assert sum(PUBLISHED["paper, one-shot"]) == 5.9801  # type: ignore[arg-type]


def test_file_names_lead_to_columns() -> None:
    assert [column_of(name) for name in ("agedb_30", "VGG2-FP", "orl")] == ["AgeDB", "Vggface2_FP", "orl"]
