"""The tables of stages: complete, and every builder asks for the data that it lacks."""

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.training.data.training_sources import Sources  # noqa: E402
from f2p_deploy.training.fitted_stages import FITTED  # noqa: E402
from f2p_deploy.training.presets import SMALL, STAGES  # noqa: E402
from f2p_deploy.training.stage_builders import BUILDERS, StageInputs, build_stage  # noqa: E402


@pytest.fixture
def inputs(small_bundle: Bundle, disc_pairs: Path, tmp_path: Path) -> StageInputs:
    sources = Sources(disc_pairs)
    return StageInputs(small_bundle, SMALL, sources, None, 5, tmp_path, 12, 6, "train", 0.0)


def test_every_stage_is_in_one_of_the_two_tables() -> None:
    assert sorted([*BUILDERS, *FITTED]) == sorted(STAGES)


def test_a_stage_is_built_from_its_seed(inputs: StageInputs) -> None:
    one, two, other = (build_stage("imitator", replace(inputs, seed=seed)) for seed in (5, 5, 6))
    weights = [next(iter(stage.modules["imitator"].parameters())) for stage in (one, two, other)]
    assert one.name == "imitator" and one.samples == 48
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


@pytest.mark.parametrize(
    ("stage", "sentence"),
    [
        ("recognition", "recognition needs rendered pairs in varied scenes"),
        ("translator", "translator learns from real faces: name folders of portraits"),
        ("refinement", "refinement learns from real faces: name folders of portraits"),
    ],
)
def test_missing_data_is_named(inputs: StageInputs, stage: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        build_stage(stage, inputs)


def test_the_provenance_begins_with_command_seed_and_pairs(inputs: StageInputs) -> None:
    facts = inputs.provenance()
    assert (facts["command"], facts["preset"], facts["seed"]) == ("train", "small", 5)
    assert list(facts["pairs"]) == ["front"] and facts["pairs"]["front"]["count"] == 60
    assert "portraits" not in facts
