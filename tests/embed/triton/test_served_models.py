"""The models in Python: as Triton calls them, they make the characters that f2p-deploy makes."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import f2p_deploy
from f2p_deploy.alignment import AlignedFace, NetworkFinder
from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.character.parameter_files import from_json
from f2p_deploy.embed.triton import TritonRepository
from f2p_deploy.model.result import to_planes
from f2p_deploy.pipeline.made_character import align_content
from f2p_deploy.runtimes import Runtime, search


@pytest.fixture(scope="module")
def runtime(served_artifact: Artifact) -> Runtime:
    return f2p_deploy.load(served_artifact, "onnxruntime", threads=1)


@pytest.fixture(scope="module")
def content(astronaut: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    from PIL import Image

    path = tmp_path_factory.mktemp("photo") / "astronaut.png"
    Image.fromarray(astronaut).save(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def aligned(content: bytes, runtime: Runtime) -> AlignedFace:
    return align_content(content, "photo", NetworkFinder(), runtime.settings)


def photos(*contents: bytes) -> dict[str, np.ndarray]:
    return {"photo": np.array(contents, np.object_)[:, None]}


def test_photos_are_aligned_and_a_bad_one_fails_alone(
    repository: TritonRepository, served: Callable, content: bytes, aligned: AlignedFace
) -> None:
    ask = served(repository.folder, "align")
    good, bad, faceless = ask(photos(content, content), photos(b"not a picture"), photos(_grey()))
    face = good.arrays()["face"]
    assert np.array_equal(face, np.repeat(to_planes(aligned.image, 128), 2, axis=0))
    assert bad.error().message() == "photo: this is not a picture in a supported format"
    assert "face" in faceless.error().message()


def _grey() -> bytes:
    import io

    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (200, 200), (128, 128, 128)).save(stream, "PNG")
    return stream.getvalue()


def test_a_photo_becomes_the_character_of_one_shot(
    repository: TritonRepository, served: Callable, runtime: Runtime, content: bytes, aligned: AlignedFace
) -> None:
    face = served(repository.folder, "align")(photos(content))[0].arrays()["face"]
    probabilities = runtime.one_shot(face)
    made = served(repository.folder, "finish")({"probabilities": probabilities})[0].arrays()
    expected = search.generate(runtime, aligned.image, "one-shot").parameters
    assert np.array_equal(made["parameters"], expected.values[None])
    text = json.loads(made["parameters_json"][0, 0])
    assert np.array_equal(from_json(text, runtime.schema).values, expected.values)


def test_a_search_calls_the_other_models(
    repository: TritonRepository,
    served: Callable,
    runtime: Runtime,
    content: bytes,
    aligned: AlignedFace,
) -> None:
    ask = served(repository.folder, "character_hybrid")
    made = ask(photos(content))[0].arrays()
    expected = search.generate(runtime, aligned.image, "hybrid", shape=aligned.landmarks.shape)
    assert np.abs(made["parameters"] - expected.parameters.values).max() < 1e-5
    assert np.allclose(made["losses"][0], (expected.losses[0], expected.losses[-1]), rtol=1e-4)


def test_a_failure_of_another_model_is_told(
    repository: TritonRepository, served: Callable, content: bytes, tmp_path: Path
) -> None:
    import shutil

    shutil.copytree(repository.folder, tmp_path / "models")
    shutil.rmtree(tmp_path / "models" / "step")
    ask = served(tmp_path / "models", "character_hybrid")
    assert ask(photos(content))[0].error().message() == "the model step failed: unknown model"


def test_an_unexpected_failure_is_an_answer(repository: TritonRepository, served: Callable) -> None:
    answer = served(repository.folder, "finish")({"no_such_tensor": np.zeros(1)})[0]
    assert "unexpected KeyError" in answer.error().message() and "this is a bug" in answer.error().message()
