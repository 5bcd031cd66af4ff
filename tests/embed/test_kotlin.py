"""f2pkit's Kotlin, compiled and run: its tests, and characters of photos against the same generation in Python.

These tests need the Kotlin compiler of npm (`make kotlin`) and Java. The classes of Android and of ONNX Runtime are
stand-ins (`android/`), for which ONNX Runtime computes in another process.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.alignment import NetworkFinder
from f2p_deploy.alignment.aligned_face import align
from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.character.parameter_files import read_parameters, write_parameters
from f2p_deploy.character.parameters import average
from f2p_deploy.embed import default_onnx_artifact, embed_android
from f2p_deploy.model.result import MODES
from f2p_deploy.runtimes import load
from f2p_deploy.runtimes.base import Runtime
from f2p_deploy.runtimes.search import generate

#: Number of portraits that are compared; the astronaut is another one.
PORTRAITS = 10


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    return load(default_onnx_artifact(), "onnxruntime")


def write_job(folder: Path, photo: np.ndarray, modes: tuple[str, ...], keep: Path | None = None) -> str:
    """Write a photo and return the line of its job; the results go to the same folder."""
    folder.mkdir()
    (folder / "photo.rgb").write_bytes(photo.tobytes())
    height, width = photo.shape[:2]
    words = (folder / "photo.rgb", width, height, ",".join(modes), keep or "-", folder / "made")
    return "\t".join(map(str, words)) + "\n"


def make(kotlin_run: Any, folder: Path, jobs: list[str], *words: str, **env: Any) -> str:
    """Let Kotlin do the jobs, and return what it prints."""
    (folder / "jobs.txt").write_text("".join(jobs))
    assets = env.get("module", kotlin_run.module) / "src" / "main" / "assets"
    done = kotlin_run.run("tools.MakeCharactersKt", assets, folder / "files", folder / "jobs.txt", *words, **env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def assert_same_characters(
    runtime: Runtime, made: Path, photo: np.ndarray, modes: tuple[str, ...], keep: Any = None, fast: bool | None = None
) -> None:
    """Compare Kotlin's aligned face, characters, losses, pictures and files of a photo with Python's."""
    size = runtime.artifact.manifest.image_size
    face = np.frombuffer((made / "aligned.rgb").read_bytes(), np.uint8).reshape(size, size, 3)
    wanted = align(photo, NetworkFinder(), runtime.settings.alignment.landmarks, size)
    points = np.loadtxt(made / "points.txt")
    expected = np.array([wanted.landmarks.points[name] for name in LANDMARKS])
    eyes = np.hypot(*(expected[1] - expected[0]))
    # Both draw the photo for the finder's networks with rounding errors of their own.
    assert np.abs(points - expected).max() < 0.005 * eyes
    assert np.abs(face.astype(int) - wanted.image).mean() < 0.5
    for mode in modes:
        losses: list[float] = []
        generation = generate(
            runtime, face, mode, keep, lambda done, loss: losses.append(loss), fast=fast  # type: ignore[arg-type]  # noqa: B023
        )
        found = read_parameters(made / f"{mode}.json", runtime.schema)
        assert found.locked == generation.parameters.locked
        assert np.abs(found.values - generation.parameters.values).max() < 2e-3
        told = [float(line.split()[2]) for line in (made / f"{mode}.txt").read_text().splitlines()]
        assert told == pytest.approx(losses, rel=2e-3)
        picture = np.frombuffer((made / f"{mode}.rgb").read_bytes(), np.uint8).reshape(size, size, 3)
        drawn = runtime.render(found.values[None])[0].transpose(1, 2, 0)
        assert np.abs(picture - 255.0 * drawn).max() <= 0.51
        write_parameters(made / "python.json", found)
        assert (made / "python.json").read_bytes() == (made / f"{mode}.json").read_bytes()


def test_the_portable_half_computes_what_python_does(kotlin_run: Any) -> None:
    done = kotlin_run.run("tools.RunTestsKt", "f2p.kit.ReferenceTest", "f2p.kit.GeneratorTest")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 failed" in done.stdout


def test_the_golden_vectors_pass_and_a_turned_gradient_is_refused(kotlin_run: Any, tmp_path: Path) -> None:
    done = kotlin_run.run("tools.RunTestsKt", "f2p.kit.android.GoldenTest", F2P_FILES=str(tmp_path / "files"))
    assert done.returncode == 0, done.stdout + done.stderr
    turned = {"F2P_FILES": str(tmp_path / "files"), "F2P_TURNED": "step"}
    done = kotlin_run.run("tools.RunTestsKt", "f2p.kit.android.GoldenTest", **turned)
    assert done.returncode == 1
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 3 and all("step: cosine of the update -1.00" in line for line in failed)
    assert any("this device does not compute the networks right" in line for line in failed)


def test_characters_of_photos_are_those_of_python(
    kotlin_run: Any, runtime: Runtime, astronaut: np.ndarray, tmp_path: Path
) -> None:
    keep = average(runtime.schema)
    name = next(iter(runtime.schema.controller_index))
    keep = keep.with_values({name: 0.9}).lock(name)
    write_parameters(tmp_path / "keep.json", keep)
    jobs = [
        write_job(tmp_path / "locked", astronaut, MODES, tmp_path / "keep.json"),
        write_job(tmp_path / "nobody", np.full((300, 300, 3), 128, np.uint8), MODES),
        write_job(tmp_path / "small", astronaut[::8, ::8], MODES),
    ]
    said = make(kotlin_run, tmp_path, jobs)
    assert said.splitlines()[0] == "made made"
    assert "NO_FACE: no face was found" in said and "TOO_SMALL: the face is too small" in said
    assert said.splitlines()[-1] == "telemetry 1 false"
    assert_same_characters(runtime, tmp_path / "locked" / "made", astronaut, MODES, keep)


def test_characters_of_ten_portraits_are_those_of_python(
    kotlin_run: Any, runtime: Runtime, shared: Path, tmp_path: Path
) -> None:
    paths = sorted((shared / "data" / "portraits").glob("p*.jpg"))[:PORTRAITS]
    if len(paths) < PORTRAITS:
        pytest.skip("no portraits in the data folder")
    photos = {path.stem: np.array(Image.open(path).convert("RGB")) for path in paths}
    said = make(kotlin_run, tmp_path, [write_job(tmp_path / name, photo, MODES) for name, photo in photos.items()])
    assert said.count("made made") == PORTRAITS
    for name, photo in photos.items():
        assert_same_characters(runtime, tmp_path / name / "made", photo, MODES)


def test_a_search_through_the_shortcut_is_that_of_python(
    kotlin_run: Any, fast_artifact: Artifact, astronaut: np.ndarray, tmp_path: Path
) -> None:
    module = embed_android(fast_artifact, tmp_path / "f2pkit").folder
    runtime = load(fast_artifact, "onnxruntime")
    for fast in (True, False):
        folder = tmp_path / str(fast)
        folder.mkdir()
        make(kotlin_run, folder, [write_job(folder / "photo", astronaut, MODES)], str(fast).lower(), module=module)
        assert_same_characters(runtime, folder / "photo" / "made", astronaut, MODES, fast=fast)


def test_what_is_missing_or_damaged_is_a_sentence(
    kotlin_run: Any, small_artifact: Path, astronaut: np.ndarray, tmp_path: Path
) -> None:
    from f2p_deploy.artifact.artifact import read_artifact

    lean = embed_android(read_artifact(small_artifact), tmp_path / "lean", modes=["one-shot"], finder=False).folder
    jobs = [write_job(tmp_path / "photo", astronaut, ("hybrid",))]
    assert "MISSING: this package was made without its face finder" in make(kotlin_run, tmp_path, jobs, module=lean)
    module = embed_android(read_artifact(small_artifact), tmp_path / "f2pkit").folder
    assets = module / "src" / "main" / "assets" / "f2pkit"
    (assets / "render.onnx").unlink()
    said = make(kotlin_run, tmp_path, jobs, module=module)
    assert "MISSING: cannot unpack the networks into" in said and "render.onnx" in said
    contract = json.loads((assets / "contract.json").read_text())
    (assets / "contract.json").write_text(json.dumps(contract | {"format": 99}))
    assert "MISSING: contract.json has format 99" in make(kotlin_run, tmp_path, jobs, module=module)
    (assets / "contract.json").write_text(json.dumps(contract)[:-20])
    assert "MISSING: contract.json is damaged" in make(kotlin_run, tmp_path, jobs, module=module)


def test_modules_that_are_broken_on_purpose_do_not_start(
    kotlin_run: Any, small_artifact: Path, ways_to_break: dict[str, Callable[[Path], None]], tmp_path: Path
) -> None:
    from f2p_deploy.artifact.artifact import read_artifact

    names = ("whole", *ways_to_break)
    whole = embed_android(read_artifact(small_artifact), tmp_path / "f2pkit", finder=False).folder
    folders = {name: tmp_path / name / "assets" / "f2pkit" for name in names}
    for folder in folders.values():
        shutil.copytree(whole / "src" / "main" / "assets" / "f2pkit", folder)
    for name, change in ways_to_break.items():
        change(folders[name])
    for folder in folders.values():
        contract = json.loads((folder / "contract.json").read_text())
        contract["files"] = {name: {"size": (folder / name).stat().st_size} for name in contract["files"]}
        (folder / "contract.json").write_text(json.dumps(contract))
    done = kotlin_run.run("tools.CheckModulesKt", *(folder.parent.parent for folder in folders.values()))
    assert done.returncode == 0, done.stdout + done.stderr
    said = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert said.pop("whole") == "right"
    assert "step: cosine of the update" in said["gradient"]
    assert set(said) == set(names) - {"whole"}
    for name, words in said.items():
        assert words.startswith("MODEL_FAILED: this device does not compute the networks right ("), name
        assert name == "gradient" or "one_shot: controllers" in words or "one_shot: options" in words, words
