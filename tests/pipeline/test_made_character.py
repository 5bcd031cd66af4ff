"""A photo's bytes to an aligned face, and a character as plain data."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.alignment import NetworkFinder
from f2p_deploy.artifact.artifact import read_artifact
from f2p_deploy.character.parameter_files import from_json
from f2p_deploy.pipeline.made_character import align_content, character_facts, face_facts
from f2p_deploy.runtimes import load, search
from f2p_deploy.system.errors import PhotoError

DEMO = Path(__file__).resolve().parents[2] / "f2p_deploy" / "bundles" / "demo"


@pytest.fixture(scope="module")
def runtime():
    return load(read_artifact(DEMO), "onnxruntime", threads=1)


def _png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def test_a_character_in_plain_data_holds_everything_that_made_it(runtime, astronaut: np.ndarray) -> None:
    aligned = align_content(_png(astronaut), "astronaut.png", NetworkFinder(), runtime.settings)
    generation = search.generate(runtime, aligned.image, "hybrid", shape=aligned.landmarks.shape)
    facts = json.loads(json.dumps(character_facts(generation, aligned, "as asked")))
    assert facts["mode"] == "hybrid" and facts["mode_reason"] == "as asked"
    assert from_json(facts["parameters"], runtime.schema) == generation.parameters
    assert facts["engine_units"].keys() == runtime.schema.controller_index.keys()
    assert facts["losses"][1] < facts["losses"][0]
    assert {name for name in facts["read"] if name in runtime.schema.discrete_slices} == {
        group.name for group in runtime.schema.discrete_groups
    }
    assert facts["face"] == face_facts(aligned)
    assert facts["face"]["finder"] == "networks" and facts["face"]["sharpness"] > 40


def test_one_shot_has_no_losses_and_no_advice_to_use_it(runtime, astronaut: np.ndarray) -> None:
    aligned = align_content(_png(astronaut[:, ::-1]), "a.png", NetworkFinder(), runtime.settings)
    facts = character_facts(search.generate(runtime, aligned.image, "one-shot"), aligned, "as asked")
    assert facts["losses"] is None
    assert not any("one-shot" in warning for warning in facts["warnings"])


def test_the_warning_about_several_faces_names_no_option_of_the_command(runtime, astronaut: np.ndarray) -> None:
    twice = np.concatenate([astronaut, astronaut[::2, ::2].repeat(2, axis=0)], axis=1)
    aligned = align_content(_png(twice), "two.png", NetworkFinder(), runtime.settings)
    facts = character_facts(search.generate(runtime, aligned.image, "one-shot"), aligned, "as asked")
    assert any("2 faces were found" in one and one.endswith("the largest was taken") for one in facts["warnings"])


def test_an_error_begins_with_the_photos_name(runtime) -> None:
    with pytest.raises(PhotoError, match="^grey.png: .*face"):
        align_content(_png(np.full((128, 128, 3), 128, np.uint8)), "grey.png", NetworkFinder(), runtime.settings)
    with pytest.raises(PhotoError, match="^a.jpg: this is not a picture"):
        align_content(b"no picture", "a.jpg", NetworkFinder(), runtime.settings)
