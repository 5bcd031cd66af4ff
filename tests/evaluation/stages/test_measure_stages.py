"""The verdict of `evaluate stages`, from given figures and from five bundles spoiled on purpose."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.evaluation.stages.measure_stages import (  # noqa: E402
    StageReport,
    StageSources,
    evaluate_stages,
    hold_out,
    measure_stages,
)
from f2p_deploy.evaluation.stages.stage_data import HeldOut, align_held_out  # noqa: E402
from f2p_deploy.evaluation.stages.stage_result import STAGES, StageResult  # noqa: E402
from f2p_deploy.model.bundle import copy_bundle, load_bundle, replace_settings, store_network  # noqa: E402
from f2p_deploy.model.networks.table import REQUIRED_NETWORKS  # noqa: E402
from f2p_deploy.model.settings import AlignmentTemplate  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

#: Front renders, varied characters and photos of the measurement on spoiled bundles.
PICTURES = 12


def report(bundle: "Bundle", **badness: float | None) -> StageReport:
    return StageReport(bundle, tuple(StageResult(name, badness.get(name)) for name in STAGES))


def test_the_worst_stage_is_named_and_those_close_to_it(small_bundle: "Bundle") -> None:
    made = report(small_bundle, imitator=0.4, recognition=0.9, segmentation=0.85)
    assert made.verdict == "recognition"
    assert made.sentence.startswith("recognition holds the result back: badness 0.90")
    assert made.sentence.endswith("about as bad: segmentation 0.85")
    assert report(small_bundle, imitator=0.4, recognition=0.9).sentence.endswith("next is imitator, 0.40")


def test_badness_explained_by_a_feeding_stage_is_not_blamed_on_the_fed_one(small_bundle: "Bundle") -> None:
    assert report(small_bundle, recognition=1.0, translator=1.2).verdict == "recognition"
    assert report(small_bundle, recognition=1.0, translator=1.2, segmentation=1.1).verdict == "segmentation"
    assert report(small_bundle, recognition=0.3, translator=1.2).verdict == "translator"
    assert report(small_bundle, recognition=0.02, translator=0.2).verdict == "translator"
    assert report(small_bundle, segmentation=1.4, iterative=1.0).verdict == "segmentation"


def test_no_healthy_stage_is_named(small_bundle: "Bundle") -> None:
    made = report(small_bundle, imitator=0.05, recognition=0.02)
    assert made.verdict is None and made.sentence.startswith("no stage holds the result back")
    assert report(small_bundle).sentence == "no stage could be measured"


def test_invalid_sources_are_refused(small_bundle: "Bundle", tmp_path: Path) -> None:
    with pytest.raises(InputError, match="varied pairs go with front ones"):
        StageSources(varied=tmp_path)
    with pytest.raises(InputError, match="need a landmark finder"):
        StageSources(front=tmp_path, portraits=(tmp_path,))
    with pytest.raises(InputError, match="at least 3 pictures, found 2"):
        evaluate_stages(small_bundle, StageSources(front=tmp_path), pictures=2)


@pytest.fixture(scope="module")
def sources(makehuman_assets: Path, landmarker: Path) -> StageSources:
    """Photos, and an engine that renders other characters than training saw."""
    pytest.importorskip("mediapipe")
    pytest.importorskip("numba")
    from f2p_deploy.alignment import MediaPipeFinder

    portraits = makehuman_assets / "portraits"
    if not portraits.is_dir():
        pytest.skip(f"no portraits in {makehuman_assets}")
    return StageSources(portraits=(portraits,), finder=MediaPipeFinder(landmarker), assets=makehuman_assets)


@pytest.fixture(scope="module")
def held(sources: StageSources, tmp_path_factory: pytest.TempPathFactory) -> HeldOut:
    """Renders and aligned photos, once for all bundles."""
    return hold_out(load_bundle(), sources, PICTURES, 0, tmp_path_factory.mktemp("pairs"))


def with_noisy_network(folder: Path, name: str) -> "Bundle":
    """Copy the demo bundle; the weights of one network drown in noise of three times their own deviation."""
    bundle = copy_bundle(load_bundle(), folder, f"no-{name}")
    network = getattr(bundle, name)
    generator = torch.Generator().manual_seed(1)
    for weights in network.parameters():
        if weights.numel() > 1:
            weights.add_(3.0 * weights.std() * torch.randn(weights.shape, generator=generator))
    return store_network(bundle, name, network, {"command": "tests"})


@pytest.fixture
def verdict_on(held: HeldOut) -> Callable[["Bundle"], str | None]:
    """Measure a bundle without searches and return the verdict; the figures are printed where it is not expected."""

    def verdict(bundle: "Bundle", pictures: HeldOut = held) -> str | None:
        made = StageReport(bundle, measure_stages(bundle, pictures, searches=0))
        print({result.stage: result.badness for result in made.results})
        return made.verdict

    return verdict


@pytest.mark.parametrize("stage", REQUIRED_NETWORKS)
def test_a_spoiled_network_is_named(stage: str, verdict_on: Callable, tmp_path: Path) -> None:
    assert verdict_on(with_noisy_network(tmp_path / "spoiled", stage)) == stage


def test_a_shifted_template_is_named(
    verdict_on: Callable, held: HeldOut, sources: StageSources, tmp_path: Path
) -> None:
    assert sources.finder is not None
    bundle = copy_bundle(load_bundle(), tmp_path / "spoiled", "shifted")
    # The fit takes any shift with it: the residual stays what it was.
    points = {name: (x + 0.15, y) for name, (x, y) in bundle.settings.alignment.landmarks.items()}
    bundle = replace_settings(bundle, replace(bundle.settings, alignment=AlignmentTemplate(points)))
    moved = replace(held, photos=align_held_out(sources.portraits, sources.finder, bundle, PICTURES))
    assert verdict_on(bundle, moved) == "alignment"
