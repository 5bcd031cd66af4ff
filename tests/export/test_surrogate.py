"""A bundle that searches through a surrogate, exported: the same graphs, and the same search in every runtime."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxsim")

from f2p_deploy.artifact.manifest import Manifest  # noqa: E402
from f2p_deploy.character.parameters import average  # noqa: E402
from f2p_deploy.export import Faces  # noqa: E402
from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.model.reference import reference_generate  # noqa: E402
from f2p_deploy.model.reference import reference_iterate as reference  # noqa: E402
from f2p_deploy.model.result import Mode  # noqa: E402
from f2p_deploy.runtimes import load  # noqa: E402
from f2p_deploy.runtimes.search import generate as generate_in  # noqa: E402
from f2p_deploy.runtimes.search import iterate, starting_state  # noqa: E402


@pytest.fixture(scope="module")
def artifact(carrying_bundle: Bundle) -> Path:
    """The artifact in the bundle's folder."""
    return carrying_bundle.path


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("mode", ["iterative", "hybrid"])
@pytest.mark.parametrize("measured", [False, True])
def test_runtimes_search_as_pytorch_does(
    artifact: Path, carrying_bundle: Bundle, small_faces: Faces, name: str, mode: str, measured: bool
) -> None:
    pytest.importorskip(name)
    runtime = load(artifact, name, threads=1)
    assert runtime.artifact.manifest.parity_status == "passed"
    faces, settings = small_faces.images[:2], runtime.settings.hybrid
    shapes = np.random.default_rng(0).standard_normal((2, 24)).astype(np.float32) if measured else None
    found = iterate(runtime, faces, settings, starting_state(runtime, faces, mode), shapes=shapes)
    from f2p_deploy.model.reference import reference_start as start_of

    tensors = torch.from_numpy(faces)
    start = start_of(carrying_bundle, tensors, mode, settings)
    expected = reference(carrying_bundle, tensors, settings, start, shapes=shapes)
    if measured:
        guessed = reference(carrying_bundle, tensors, settings, start)
        assert np.abs(guessed.losses[0] - expected.losses[0]).min() > 0.1  # they are compared with
    np.testing.assert_allclose(found.losses, expected.losses, atol=1e-4)
    np.testing.assert_allclose(found.parameters, expected.parameters, atol=2e-3)


def test_a_step_is_small(artifact: Path) -> None:
    """No picture is drawn in it: the graph holds the surrogate's weights and nothing of F or G."""
    manifest = load(artifact, "onnxruntime").artifact.manifest
    assert [spec.name for spec in manifest.graphs["step"].inputs] == [
        *("state", "before", "identity", "content", "locked", "learning_rate", "momentum", "beta", "discrete_rate")
    ]
    shape = 24
    assert manifest.graphs["describe"].outputs[1].shape == (1, len(manifest.first_state) + shape)


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("mode", ["one-shot", "iterative", "hybrid"])
def test_runtimes_read_as_pytorch_does(
    artifact: Path, carrying_bundle: Bundle, small_faces: Faces, name: str, mode: Mode
) -> None:
    pytest.importorskip(name)
    face = (np.transpose(small_faces.images[0], (1, 2, 0)) * 255).round().astype(np.uint8)
    keep = average(carrying_bundle.schema).lock("lips")
    expected = reference_generate(carrying_bundle, face, mode, keep).read
    found = generate_in(load(artifact, name, threads=1), face, mode, keep).read
    assert list(found) == list(expected) == ["hair", "lips", "uneven"]
    assert found["lips"] == expected["lips"] and found["lips"].origin == "kept"
    assert found["uneven"] == expected["uneven"] and found["uneven"].origin == "default"
    hair, same = found["hair"], expected["hair"]
    assert (hair.option, hair.next) == (same.option, same.next)
    assert hair.confidence == pytest.approx(same.confidence, abs=2e-4)
    assert hair.next_confidence == pytest.approx(same.next_confidence, abs=2e-4)


def test_an_artifact_from_before_claims_nothing(artifact: Path, small_faces: Faces) -> None:
    runtime = load(artifact, "onnxruntime", threads=1)
    content = runtime.artifact.manifest.to_dict()
    del content["unread"]
    older = replace(runtime.artifact, manifest=Manifest.from_dict(content, "manifest.json"))
    face = (np.transpose(small_faces.images[0], (1, 2, 0)) * 255).round().astype(np.uint8)
    assert generate_in(load(older, "onnxruntime", threads=1), face, "one-shot").read == {}
