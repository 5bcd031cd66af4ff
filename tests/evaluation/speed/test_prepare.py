"""The inputs of a benchmark: faces of any number, artifacts that fit, and when a new one is exported."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnxsim")

from f2p_deploy.alignment.sample_faces import default_faces  # noqa: E402
from f2p_deploy.artifact.artifact import Artifact, read_artifact  # noqa: E402
from f2p_deploy.evaluation.speed import Request, prepare  # noqa: E402
from f2p_deploy.evaluation.speed.prepare import DRAWN, faces_of, named_artifacts, onnx_artifact  # noqa: E402
from f2p_deploy.model.bundle import Bundle, load_bundle  # noqa: E402
from f2p_deploy.system import extras  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402


def test_a_larger_batch_repeats_the_faces(small_bundle: Bundle) -> None:
    pytest.importorskip("skimage")
    few = default_faces(small_bundle)
    count = len(few.names)
    many = faces_of(small_bundle, count + 2)
    assert many.names == (*few.names, *few.names[:2]) and many.images.flags.c_contiguous
    assert np.array_equal(many.images, np.concatenate([few.images, few.images[:2]]))
    assert faces_of(small_bundle, 1).names == few.names[:1]


def test_without_the_photo_characters_are_drawn_and_named_so(
    small_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "missing_modules", lambda extra: ("skimage",) if extra == "faces" else ())
    faces, again = faces_of(small_bundle, DRAWN + 1), faces_of(small_bundle, DRAWN + 1)
    assert faces.names[0] == "drawn character 0" == faces.names[DRAWN] and faces.names[1] == "drawn character 1"
    assert np.array_equal(faces.images, again.images) and faces.images[0].std() > 0


def test_artifacts_that_are_named_fit_the_bundle_and_the_batches(small_bundle: Bundle, small_artifact: Path) -> None:
    request = Request(batches=(2, 1), artifacts=(small_artifact,))
    assert [artifact.folder for artifact in named_artifacts(request, small_bundle)] == [small_artifact]
    with pytest.raises(InputError, match=r"was made from another bundle \(small\) than .*: name that with --bundle"):
        named_artifacts(request, load_bundle())
    sentence = "was exported for batches of 1, and batches of 4, 8 are to be measured: --batch 1 measures it, "
    with pytest.raises(InputError, match=sentence + "f2p-deploy export --batch 4 makes another"):
        named_artifacts(replace(request, batches=(4, 8)), small_bundle)


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small_artifact: Path) -> list[Path]:
    """The folders that are exported to, in a working directory of the test; the export itself is another's test."""
    folders: list[Path] = []

    def export(bundle: Bundle, target: str, out: Path, batch: int, trajectories: int) -> Artifact:
        folders.append(out)
        return read_artifact(small_artifact)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(prepare, "export_bundle", export)
    return folders


@pytest.mark.parametrize("folder", ["onnx", "bench/onnx-batch-1"])
def test_an_artifact_that_fits_is_used(
    small_bundle: Bundle, small_artifact: Path, exports: list[Path], folder: str
) -> None:
    place = Path("build/small") / folder
    shutil.copytree(small_artifact, place)
    words: list[str] = []
    assert onnx_artifact(small_bundle, 1, lambda doing, *_: words.append(doing)).folder == place
    assert not exports and not words


@pytest.mark.parametrize("misfit", ["batch", "bundle", "version", "damaged"])
def test_one_that_does_not_fit_leads_to_an_export(
    small_bundle: Bundle, forged: Callable[..., Path], exports: list[Path], misfit: str
) -> None:
    changes: dict[str, dict] = {"bundle": {"bundle_fingerprint": "0" * 64}, "version": {"tools": {"f2p-deploy": "0.0"}}}
    place = Path("build/small/onnx")
    shutil.copytree(forged(**changes.get(misfit, {})), place)
    if misfit == "damaged":
        (place / "manifest.json").write_text("{")
    batch = 2 if misfit == "batch" else 1
    words: list[str] = []
    onnx_artifact(small_bundle, batch, lambda doing, *_: words.append(doing))
    assert exports == [Path(f"build/small/bench/onnx-batch-{batch}")]
    assert words == [f"exporting the bundle to ONNX for batches of {batch}, once, to {exports[0]}"]
