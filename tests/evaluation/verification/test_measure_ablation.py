"""Table 8: rows differ in the losses and the translator alone, and the bundle stays as it is."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

from f2p_deploy.character.face_shape import LENGTH  # noqa: E402
from f2p_deploy.evaluation.verification.ablation_tables import (  # noqa: E402
    ablation_table,
    ablation_tables,
    write_ablation,
)
from f2p_deploy.evaluation.verification.face_pairs import FacePairs, consecutive_pairs  # noqa: E402
from f2p_deploy.evaluation.verification.measure_ablation import (  # noqa: E402
    ROWS,
    AblationResult,
    measure_ablation,
    require_ablation,
    variant_of,
)
from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.training.data.portrait_labels import CONTOUR_POINTS  # noqa: E402
from f2p_deploy.training.data.portraits import Portraits  # noqa: E402
from f2p_deploy.training.schedule import Schedule  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

SCHEDULE = Schedule(steps=4, batch=2, optimiser="adam", learning_rate=1e-3)


def _photos(size: int) -> Portraits:
    rng = np.random.default_rng(0)
    return Portraits(
        tuple(f"people/p{i:04d}.jpg" for i in range(30)),
        rng.integers(0, 255, (30, size, size, 3), np.uint8),
        np.zeros((30, size, size), np.uint8),
        np.zeros(30, np.float32),
        np.full((30, len(CONTOUR_POINTS), 2), np.nan, np.float32),
        np.full((30, LENGTH), np.nan, np.float32),
    )


def _pairs() -> FacePairs:
    """Twelve pairs of crops of noise; those of the same person are the same picture."""
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 255, (24, 112, 112, 3), np.uint8)
    same = np.arange(12) % 2 == 0
    pictures[1::2][same] = pictures[::2][same]
    names = [f"{i}.png" for i in range(24)]
    return FacePairs("lfw", names, consecutive_pairs(12), same, lambda i: pictures[i])


@pytest.fixture(scope="module")
def results(small_bundle: "Bundle", tmp_path_factory: pytest.TempPathFactory) -> tuple[AblationResult, ...]:
    before = {name: tensor.clone() for name, tensor in small_bundle.translator.state_dict().items()}
    photos = _photos(small_bundle.settings.architecture.image_size)
    folder = tmp_path_factory.mktemp("ablation")
    found = measure_ablation(small_bundle, photos, [_pairs()], SCHEDULE, None, folder)
    assert sorted(path.name for path in folder.iterdir()) == ["row-1", "row-2", "row-3", "row-4"]
    for name, tensor in small_bundle.translator.state_dict().items():
        assert torch.equal(tensor, before[name]), "the bundle is not changed"
    return found


def test_every_row_is_measured(results: tuple[AblationResult, ...]) -> None:
    assert tuple(one.row for one in results) == ROWS
    for one in results:
        assert set(one.sets[0].by_pca) == {"one-shot", "recognition network"}
        assert one.sets[0].by_pca["recognition network"].mean == 1.0
        assert 0.0 <= one.accuracy(0).mean <= 1.0 and one.seconds > 0.0
    assert len({round(one.metrics["identity_photos"], 9) for one in results}) == 4


def test_table_8_has_measured_and_quoted_figures(results: tuple[AblationResult, ...], tmp_path: Path) -> None:
    table = ablation_table(results, SCHEDULE)
    assert list(table.headers[:6]) == ["content", "identity", "loopback", "attention", "LFW", "LFW (quoted)"]
    assert [row[:4] for row in table.rows[:4]] == [
        ("x", "", "", "x"), ("x", "x", "", "x"), ("x", "x", "x", ""), ("x", "x", "x", "x")
    ]  # fmt: skip
    assert table.rows[3][5] == "0.9243" and table.rows[4][0] == "recognition network"
    measured, quoted = ablation_tables(results, SCHEDULE)
    assert measured.headers == ("", "LFW") and [len(measured.rows), len(quoted.rows)] == [5, 4]
    assert measured.rows[3] == ("content + identity + loopback, attention", table.rows[3][4])
    assert quoted.rows[3][1] == "0.9243" and quoted.headers[-1] == "Vggface2_FP"
    page = write_ablation(results, SCHEDULE, "small", tmp_path)
    assert "Table 8" in page.read_text() and (tmp_path / "ablation.json").is_file()


def test_a_row_leaves_out_its_losses(small_bundle: "Bundle") -> None:
    first, full = variant_of(small_bundle, ROWS[0]), variant_of(small_bundle, ROWS[3])
    assert first.settings.similarity.identity_weight == first.settings.similarity.loopback_weight == 0.0
    assert first.settings.similarity.content_weight == small_bundle.settings.similarity.content_weight
    assert full.settings.similarity == small_bundle.settings.similarity
    assert first.reader is None and not first.settings.one_shot_prior


def test_a_missing_network_is_named(small_bundle: "Bundle") -> None:
    from dataclasses import replace

    stored = {name: entry for name, entry in small_bundle.stored.items() if "imitator" not in name}
    with pytest.raises(InputError, match="has no imitator yet"):
        require_ablation(replace(small_bundle, stored=stored))
