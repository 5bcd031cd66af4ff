"""A bundle that searches through a surrogate, exported: the same graphs, and the same search in every runtime."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxsim")

from f2p_deploy.bundle import Bundle  # noqa: E402
from f2p_deploy.export import Faces, export_bundle  # noqa: E402
from f2p_deploy.generation import iterate as reference  # noqa: E402
from f2p_deploy.runtimes import load  # noqa: E402
from f2p_deploy.runtimes.loop import iterate, starting_state  # noqa: E402


@pytest.fixture(scope="module")
def artifact(surrogate_bundle: Bundle, small_faces: Faces, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("surrogate") / "onnx"
    report = export_bundle(surrogate_bundle, "onnx", folder, faces=small_faces)
    assert report is not None
    return folder


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("mode", ["iterative", "hybrid"])
def test_runtimes_search_as_pytorch_does(
    artifact: Path, surrogate_bundle: Bundle, small_faces: Faces, name: str, mode: str
) -> None:
    pytest.importorskip(name)
    runtime = load(artifact, name, threads=1)
    assert runtime.artifact.manifest.parity_status == "passed"
    faces, settings = small_faces.images[:2], runtime.settings.hybrid
    found = iterate(runtime, faces, settings, starting_state(runtime, faces, mode))
    from f2p_deploy.generation import starting_state as start_of

    tensors = torch.from_numpy(faces)
    expected = reference(surrogate_bundle, tensors, settings, start_of(surrogate_bundle, tensors, mode, settings))
    np.testing.assert_allclose(found.losses, expected.losses, atol=1e-4)
    np.testing.assert_allclose(found.parameters, expected.parameters, atol=2e-3)


def test_a_step_is_small(artifact: Path) -> None:
    """No picture is drawn in it: the graph holds the surrogate's weights and nothing of F or G."""
    manifest = load(artifact, "onnxruntime").artifact.manifest
    assert [spec.name for spec in manifest.graphs["step"].inputs] == ["state", "identity", "content", "learning_rate"]
    assert manifest.graphs["describe"].outputs[1].shape == (1, len(manifest.first_state))
