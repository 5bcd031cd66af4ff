"""The artifact that the bundle inside the package carries: made by one command, small, and the same characters."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.artifact.parity import FLOORS
from f2p_deploy.model.bundle import Bundle, load_bundle
from f2p_deploy.model.bundle_artifact import artifact_of
from f2p_deploy.model.result import MODES
from f2p_deploy.runtimes import load
from f2p_deploy.runtimes.search import generate as generate_without_torch

#: Of the bundle and its artifact together.
LARGEST_BYTES = 45_000_000

#: Runs a command line with another demo bundle, in a Python without PyTorch.
WITHOUT_TORCH = """
import sys
sys.modules |= dict.fromkeys(("torch", "onnx", "onnxscript", "onnxsim", "skimage", "mediapipe"))
from pathlib import Path
from f2p_deploy.model import bundle
from f2p_deploy.cli import main
folder = Path(sys.argv.pop(1))
bundle.demo_bundle_path = lambda: folder
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def demo() -> Bundle:
    """The demo bundle with the artifact that `tools/demo_artifact.py` made of it; tests/export make others."""
    for module in ("torch", "skimage"):
        pytest.importorskip(module)
    return load_bundle()


def test_it_is_small_and_keeps_the_floors_of_float32(demo: Bundle) -> None:
    manifest = artifact_of(demo).manifest
    assert sum(path.stat().st_size for path in demo.path.iterdir()) < LARGEST_BYTES
    assert manifest.files["weights.bin"].size < 2_000_000
    assert manifest.parity_status == "passed"
    assert {entry.precision_asked for entry in manifest.graphs.values()} == {"fp32"}


@pytest.mark.parametrize("mode", MODES)
def test_it_makes_pytorchs_characters(demo: Bundle, mode: str) -> None:
    from f2p_deploy.alignment.sample_faces import default_faces
    from f2p_deploy.model.reference import reference_generate

    image = default_faces(demo).images[0]
    face = np.ascontiguousarray((image.transpose(1, 2, 0) * 255).round().astype(np.uint8))
    expected, found = reference_generate(demo, face, mode), generate_without_torch(load(demo.path), face, mode)
    n_c = demo.schema.n_c
    difference = np.abs(found.parameters.values - expected.parameters.values)
    assert difference[:n_c].max() <= FLOORS["fp32"].controllers and not difference[n_c:].any()


def test_a_bare_installation_makes_and_draws_a_character(
    demo: Bundle, photo: Path, tmp_path: Path
) -> None:
    from f2p_deploy.alignment.sample_faces import ASTRONAUT

    points = tmp_path / "landmarks.json"
    points.write_text(json.dumps({photo.name: {name: list(point) for name, point in ASTRONAUT.items()}}))

    def run(*words: object) -> subprocess.CompletedProcess:
        line = [sys.executable, "-c", WITHOUT_TORCH, str(demo.path), *map(str, words)]
        return subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False)

    done = run("run", photo, "--landmarks", points, "-o", "out")
    assert done.returncode == 0 and "made with onnxruntime " in done.stdout, done.stderr
    done = run("render", Path("out", "astronaut", "parameters.json"), "-o", "again.png")
    assert (done.returncode, done.stdout) == (0, "again.png\n"), done.stderr
    done = run("run", photo, "-o", "found")
    assert done.returncode == 0 and "found with the built-in networks" in done.stderr
    done = run("bench", "--runtime", "onnxruntime")
    assert done.returncode == 3 and "bench, which compares with PyTorch, needs torch" in done.stderr


def test_openvino_computes_the_same(demo: Bundle) -> None:
    pytest.importorskip("openvino")
    from f2p_deploy.runtimes.verification import verify

    assert verify(demo.path, "openvino").measured.parity_status == "passed"


def test_what_is_shipped_is_of_the_bundle_that_is_shipped() -> None:
    bundle = load_bundle()
    assert artifact_of(bundle).manifest.parity_status == "passed"
    manifest = (bundle.path / "manifest.json").read_text(encoding="utf-8")
    assert not any(folder in manifest for folder in ("/home", "/tmp", "/root"))
