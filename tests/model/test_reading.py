"""The options read from a photo: equal probabilities in every mode, and none for parts that no network reads."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.character.parameters import Parameters, average
from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema
from f2p_deploy.model.reading import (
    UNSURE,
    ReadPart,
    ordered_groups,
    read_parts,
    softmax_sharpness,
    unsure_parts,
)
from f2p_deploy.model.settings import BundleSettings, IterativeSettings
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

SCHEMA = Schema(
    "three",
    (Controller("age", "head"), Controller("nose.ty", "nose")),
    (
        DiscreteGroup("hair", ("none", "short", "long")),
        DiscreteGroup("skin", ("light", "tan", "dark")),
        DiscreteGroup("hat", ("no", "yes")),
    ),
    tags={"skin-tone": "skin"},
)


def _vector(*groups: tuple[float, ...]) -> np.ndarray:
    return np.array([0.5, 0.5, *(value for group in groups for value in group)], np.float32)


def _hard(*options: str) -> Parameters:
    return average(SCHEMA).with_values(dict(zip(("hair", "skin", "hat"), options, strict=True)))


def test_each_option_with_its_probability_and_the_next() -> None:
    vector = _vector((0.2, 0.5, 0.3), (0.4, 0.45, 0.15), (0.9, 0.1))
    read = read_parts(_hard("short", "tan", "no"), vector, unread=("hat", "age"), kept={"skin"})
    assert list(read) == ["hair", "skin", "hat", "age"]
    hair = read["hair"]
    assert (hair.origin, hair.option, hair.next) == ("photo", "short", "long")
    np.testing.assert_allclose([hair.confidence, hair.next_confidence], [0.5, 0.3], atol=1e-6)
    assert read["skin"] == ReadPart("kept", "tan") and read["hat"] == ReadPart("default", "no")
    assert read["age"] == ReadPart("default")
    assert read["hair"].to_dict() == {
        "from": "photo", "option": "short", "confidence": 0.5, "next": "long", "next_confidence": 0.3
    }  # fmt: skip
    assert read["age"].to_dict() == {"from": "default"}


def test_an_option_that_was_not_the_most_probable_is_said_to_be_so() -> None:
    read = read_parts(_hard("none", "tan", "no"), _vector((0.2, 0.5, 0.3), (0, 1, 0), (1, 0)), unread=())
    assert (read["hair"].option, read["hair"].next) == ("none", "short")
    assert read["hair"].confidence < read["hair"].next_confidence


def test_where_nobody_knows_what_is_read_nothing_is_claimed() -> None:
    assert read_parts(_hard("none", "tan", "no"), _vector((1, 0, 0), (0, 1, 0), (1, 0)), unread=None) == {}


def test_plain_data_and_back() -> None:
    for part in (ReadPart("photo", "short", 0.5, "long", 0.25), ReadPart("default", "no"), ReadPart("kept")):
        assert ReadPart.from_dict(part.to_dict()) == part
    with pytest.raises(InputError, match="a part is from photo, default, kept, found 'nowhere'"):
        ReadPart.from_dict({"from": "nowhere"})


def test_unsure_is_less_likely_than_not_and_skin_lies_on_a_line() -> None:
    assert ordered_groups(SCHEMA) == ("skin",)
    low = ReadPart("photo", "short", UNSURE - 0.01, "long", 0.3)
    read = {"hair": low, "skin": low, "hat": replace(low, confidence=UNSURE), "age": ReadPart("default")}
    assert unsure_parts(read, SCHEMA) == {"hair": low}


def test_how_much_sharper_a_search_is_than_the_reader() -> None:
    settings = BundleSettings(
        iterative=IterativeSettings(beta=10.0), hybrid=IterativeSettings(beta=20.0), search="surrogate"
    )
    assert [softmax_sharpness(settings, mode) for mode in ("one-shot", "iterative", "hybrid")] == [1.0, 4.0, 8.0]
    assert softmax_sharpness(replace(settings, search="imitator"), "hybrid") == 1.0


def test_every_mode_read_the_same(surrogate_bundle: "Bundle", face: np.ndarray) -> None:
    from f2p_deploy.model.reference import reference_generate

    modes = ("one-shot", "iterative", "hybrid")
    once, searched, both = (reference_generate(surrogate_bundle, face, mode).read for mode in modes)
    assert list(once) == ["hair", "lips", "uneven"]
    for name in ("hair", "lips"):
        for other in (searched, both):
            assert (other[name].option, other[name].next) == (once[name].option, once[name].next)
            assert other[name].confidence == pytest.approx(once[name].confidence, abs=2e-4)
            assert other[name].next_confidence == pytest.approx(once[name].next_confidence, abs=2e-4)


def test_it_is_the_probability_that_the_reader_gives(surrogate_bundle: "Bundle", face: np.ndarray) -> None:
    from f2p_deploy.model.one_shot import OneShot
    from f2p_deploy.model.reference import reference_generate, to_tensor

    made = reference_generate(surrogate_bundle, face, "hybrid")
    tensor, similarity = to_tensor(surrogate_bundle, face), OneShot(surrogate_bundle).similarity
    regions = similarity.regions(tensor, surrogate_bundle.settings.architecture.reader_stage)
    scores, _ = surrogate_bundle.reader(surrogate_bundle.reader.features(similarity.identity(tensor), regions))
    expected = scores[0, :3].softmax(dim=0).sort(descending=True).values
    found = (made.read["hair"].confidence, made.read["hair"].next_confidence)
    np.testing.assert_allclose(found, expected[:2].detach(), atol=2e-4)


@pytest.mark.parametrize("mode", ["one-shot", "hybrid"])
def test_bundles_without_a_reader_say_what_their_own_way_gave(
    small_bundle: "Bundle", face: np.ndarray, mode: str
) -> None:
    from f2p_deploy.model.reference import reference_generate

    keep = average(small_bundle.schema).lock("lips")
    made = reference_generate(small_bundle, face, mode, keep)
    assert list(made.read) == ["hair", "lips"] and made.read["lips"] == ReadPart("kept", "natural")
    part = small_bundle.schema.discrete_slices["hair"]
    assert made.read["hair"].confidence == pytest.approx(float(made.probabilities[part].max()), abs=1e-4)


def test_a_part_without_labels_is_not_read(surrogate_bundle: "Bundle", face: np.ndarray, tmp_path: Path) -> None:
    from f2p_deploy.model.bundle import copy_bundle, load_bundle, store_network
    from f2p_deploy.model.reference import reference_generate

    assert surrogate_bundle.unread == ("uneven",)
    copy = load_bundle(copy_bundle(surrogate_bundle, tmp_path / "unlabelled", "unlabelled").path)
    reader = copy.reader
    reader.linear.weight[3:] = 0.0  # two options of lips, and age
    store_network(copy, "reader", reader, {"command": "tests"})
    unlabelled = load_bundle(copy.path)
    assert unlabelled.unread == ("lips", "age", "uneven")
    read = reference_generate(unlabelled, face, "one-shot").read
    assert read["lips"].origin == read["age"].origin == "default" and read["hair"].origin == "photo"


@pytest.mark.parametrize("mode", ["one-shot", "iterative", "hybrid"])
def test_what_is_not_read_of_sliders_is_the_default(surrogate_bundle: "Bundle", face: np.ndarray, mode: str) -> None:
    from f2p_deploy.model.reference import reference_generate

    made = reference_generate(surrogate_bundle, face, mode).parameters
    position = surrogate_bundle.schema.controller_index["uneven"]
    assert made.values[position] == surrogate_bundle.schema.controllers[position].default


def test_faces_that_are_not_mirrored_may_be_uneven(surrogate_bundle: "Bundle") -> None:
    similarity = replace(surrogate_bundle.settings.similarity, mirrored=False)
    other = replace(surrogate_bundle, settings=replace(surrogate_bundle.settings, similarity=similarity))
    assert other.unread == ()


@pytest.fixture
def face(small_faces) -> np.ndarray:
    """The astronaut's aligned face."""
    pytest.importorskip("torch")
    return (np.transpose(small_faces.images[0], (1, 2, 0)) * 255).round().astype(np.uint8)
