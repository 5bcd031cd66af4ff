"""F2PKit's Swift code, run: its tests, and its C entry points against the same generation in Python.

These tests need a Swift compiler. Apple's frameworks are stand-ins (`apple/`) backed by the reference interpreter, so
the tests check F2PKit's code, not that of Core ML and Vision.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from f2p_deploy.alignment.aligned_face import align
from f2p_deploy.alignment.landmarks import Landmarks, five_points
from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.character.parameter_files import read_parameters, write_parameters
from f2p_deploy.character.parameters import average
from f2p_deploy.embed import embed_ios
from f2p_deploy.model.result import MODES, Generation
from f2p_deploy.runtimes import load
from f2p_deploy.runtimes.search import generate

#: The folders of a package that hold what an artifact brings; all others are the same for every artifact.
DATA = ("Sources/F2PKit/Models", "Tests/F2PKitTests/Golden", "Tests/F2PCoreTests/Reference")

#: Status numbers of f2pkit.h.
CANCELLED, INVALID_INPUT, NO_FACE = 5, 2, 10


@pytest.fixture(scope="module")
def caller(swift_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled C program."""
    done = swift_run.run("build", "--product", "c-caller", env=dict(os.environ))
    assert done.returncode == 0, done.stdout + done.stderr
    assert not re.findall(r"Sources/\S+: warning: .*", done.stdout + done.stderr)
    return next(swift_run.built.glob("*/debug/c-caller"))


def call(caller: Path, swift_run: Any, env: dict[str, str], *words: object, **more: str) -> subprocess.CompletedProcess:
    line = [swift_run.compiler, "run", "--skip-build", "--package-path", str(swift_run.package)]
    line += ["--scratch-path", str(swift_run.built), "c-caller", *map(str, words)]
    return subprocess.run(line, env={**env, **more}, capture_output=True, text=True, timeout=600, check=False)


def outlines(points: dict[str, tuple[float, float]]) -> dict[str, np.ndarray]:
    """Return five points as Vision's outlines, with left and right exchanged, in the photo's pixels."""
    around = np.array([[-3, 0], [0, -2], [3, 0], [0, 2]], np.float32)
    at = {name: np.array(place, np.float32) for name, place in points.items()}
    eyes = (at["left-eye"] + at["right-eye"]) / 2
    middle = (at["mouth-left"] + at["mouth-right"]) / 2
    return {
        "leftEye": at["right-eye"] + around,
        "rightEye": at["left-eye"] + around,
        "noseCrest": np.stack([eyes, (eyes + at["nose-tip"]) / 2, at["nose-tip"]]),
        "outerLips": np.stack([at["mouth-left"], middle - [0, 2], at["mouth-right"], middle + [0, 2]]),
        "box": np.array([[0, 0], [1, 1]]),
    }


class Known:
    """A finder that returns one face with fixed points."""

    def __init__(self, points: dict[str, tuple[float, float]]) -> None:
        self.points = points

    def find(self, image: np.ndarray, name: str | None = None) -> list[Landmarks]:
        return [Landmarks(five_points([self.points[point] for point in LANDMARKS]), "file")]


@pytest.fixture
def astronaut_face() -> dict[str, tuple[float, float]]:
    from f2p_deploy.alignment.sample_faces import ASTRONAUT

    return {name: tuple(point) for name, point in ASTRONAUT.items()}


def test_the_tests_of_the_package_pass(swift_run: Any, host: Any, tmp_path: Path) -> None:
    with host(tmp_path) as env:
        done = swift_run.run("test", env=env)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    # Those of a shortcut are skipped: the demo bundle searches through its surrogate.
    assert "Executed 23 tests, with 3 tests skipped and 0 failures" in said
    assert not re.findall(r"(?:Sources|Tests)/\S+: warning: .*", said)


def test_the_tests_of_a_package_with_a_shortcut_pass(
    swift_run: Any, shortcut_run: Any, host: Any, tmp_path: Path
) -> None:
    """Both packages have the same sources, so the build of the first goes on with the data of the second."""
    with host(tmp_path) as env, data_of(shortcut_run.package, swift_run):
        done = swift_run.run("test", env=env)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    # Skipped are the steps on the way, which were not exported.
    assert "Executed 23 tests, with 1 test skipped and 0 failures" in said
    assert "A search goes through the bundle's shortcut" in (shortcut_run.package / "README.md").read_text()


@contextmanager
def data_of(package: Path, built: Any) -> Iterator[None]:
    """Put another package's models, contract and golden vectors into a built one; afterwards it is as it was."""
    names = {path.relative_to(folder) for folder in (package, built.package) for path in folder.rglob("*.swift")}
    assert all((package / name).read_bytes() == (built.package / name).read_bytes() for name in names)
    changed = [built.package / name for name in DATA]
    copies = list(built.built.glob("*/debug/*.resources"))  # of the build, which would else stay what they are
    with TemporaryDirectory(dir=built.package.parent) as aside:
        own = [(folder, Path(aside) / str(number)) for number, folder in enumerate([*changed, *copies])]
        for folder, place in own:
            folder.rename(place)
        try:
            for name in DATA:
                shutil.copytree(package / name, built.package / name)
            yield
        finally:
            for folder, place in own:
                shutil.rmtree(folder, ignore_errors=True)
                place.rename(folder)


def test_the_portable_half_builds_and_passes_without_any_framework(
    swift_compiler: str, demo_artifact: Artifact, tmp_path: Path
) -> None:
    package = embed_ios(demo_artifact, tmp_path / "F2PKit").folder
    line = [swift_compiler, "test", "--package-path", str(package), "--scratch-path", str(tmp_path / "built")]
    done = subprocess.run(line, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Executed 12 tests, with 0 failures" in done.stdout + done.stderr


@pytest.mark.parametrize("mode", MODES)
def test_a_photo_through_the_c_functions_is_the_character_that_python_makes(
    caller: Path,
    swift_run: Any,
    host: Any,
    demo_artifact: Artifact,
    astronaut: np.ndarray,
    astronaut_face: dict[str, tuple[float, float]],
    tmp_path: Path,
    mode: str,
) -> None:
    assert_same_character(
        caller, swift_run, host, demo_artifact, swift_run.package, astronaut, astronaut_face, tmp_path, mode
    )


@pytest.mark.parametrize("mode", ["iterative", "hybrid"])
def test_a_search_through_the_shortcut_is_that_of_python(
    caller: Path,
    swift_run: Any,
    host: Any,
    shortcut_artifact: Artifact,
    shortcut_run: Any,
    astronaut: np.ndarray,
    astronaut_face: dict[str, tuple[float, float]],
    tmp_path: Path,
    mode: str,
) -> None:
    generation = assert_same_character(
        caller, swift_run, host, shortcut_artifact, shortcut_run.package, astronaut, astronaut_face, tmp_path, mode
    )
    size = shortcut_artifact.manifest.image_size
    aligned = np.frombuffer((tmp_path / "aligned.rgb").read_bytes(), np.uint8).reshape(size, size, 3)
    keep = read_parameters(tmp_path / "keep.json", generation.parameters.schema)
    runtime = load(shortcut_artifact, "coreml")
    exact = generate(runtime, aligned, mode, keep, fast=False)  # type: ignore[arg-type]
    assert np.abs(exact.parameters.values - generation.parameters.values).max() > 0.02, "else the test shows nothing"


def assert_same_character(
    caller: Path,
    swift_run: Any,
    host: Any,
    artifact: Artifact,
    package: Path,
    astronaut: np.ndarray,
    astronaut_face: dict[str, tuple[float, float]],
    tmp_path: Path,
    mode: str,
) -> Generation:
    """Compare a photo's character through the C functions with Python's, and return Python's.

    Args:
        caller: the C program.
        swift_run: the package that it was built in.
        host: the context manager of that name.
        artifact: the artifact to generate with.
        package: the package of that artifact; its models are used.
        astronaut: (512, 512, 3) uint8 photo.
        astronaut_face: the five points of the face in it.
        tmp_path: the folder for everything that is written.
        mode: one of `MODES`.
    """
    runtime = load(artifact, "coreml")
    photo = tmp_path / "photo.rgb"
    photo.write_bytes(astronaut.tobytes())
    keep = average(runtime.schema)
    name = next(iter(runtime.schema.controller_index))
    keep = keep.with_values({name: 0.9}).lock(name)
    write_parameters(tmp_path / "keep.json", keep)
    with host(tmp_path, lambda image: [outlines(astronaut_face)]) as env:
        words = (photo, 512, 512, MODES.index(mode), tmp_path / "keep.json", tmp_path)
        done = call(caller, swift_run, env, *words, MODELS=str(package / "Sources" / "F2PKit" / "Models"))
    assert done.returncode == 0, done.stdout + done.stderr

    size = artifact.manifest.image_size
    aligned = np.frombuffer((tmp_path / "aligned.rgb").read_bytes(), np.uint8).reshape(size, size, 3)
    wanted = align(astronaut, Known(astronaut_face), runtime.settings.alignment.landmarks, size)
    assert np.abs(aligned.astype(int) - wanted.image).max() <= 1
    losses: list[float] = []
    generation = generate(runtime, aligned, mode, keep, lambda done, loss: losses.append(loss))  # type: ignore[arg-type]
    found = read_parameters(tmp_path / "parameters.json", runtime.schema)
    assert found.locked == {name} and found[name] == np.float32(0.9)
    assert np.abs(found.values - generation.parameters.values).max() < 2e-3
    assert np.array_equal(np.fromfile(tmp_path / "values.f32", "<f4"), found.values)
    told = [float(line.split()[2]) for line in (tmp_path / "losses.txt").read_text().splitlines()]
    assert told == pytest.approx(losses, rel=2e-3)
    drawn = np.frombuffer((tmp_path / "character.rgb").read_bytes(), np.uint8).reshape(size, size, 3)
    picture = runtime.render(found.values[None])[0].transpose(1, 2, 0)
    assert np.abs(drawn - 255.0 * picture).max() <= 0.51
    assert (tmp_path / "names.txt").read_text().split("\n")[0] == name
    return generation


def test_a_search_is_stopped_and_mistakes_are_sentences(
    caller: Path,
    swift_run: Any,
    host: Any,
    demo_artifact: Artifact,
    astronaut: np.ndarray,
    astronaut_face: dict[str, tuple[float, float]],
    tmp_path: Path,
) -> None:
    photo = tmp_path / "photo.rgb"
    photo.write_bytes(astronaut.tobytes())
    faces: list[dict[str, np.ndarray]] = [outlines(astronaut_face)]
    words = (photo, 512, 512)
    with host(tmp_path, lambda image: faces) as env:
        done = call(caller, swift_run, env, *words, 1, "-", tmp_path, STOP="2")
        assert done.returncode == 1 and done.stdout == f"status {CANCELLED}: stopped\n"
        assert len((tmp_path / "losses.txt").read_text().splitlines()) <= 3
        done = call(caller, swift_run, env, *words, 9, "-", tmp_path)
        assert done.stdout == f"status {INVALID_INPUT}: mode must be one of F2PMode, found 9\n"
        wrong = tmp_path / "wrong.json"
        wrong.write_text("{}")
        done = call(caller, swift_run, env, *words, 0, wrong, tmp_path)
        assert done.stdout.startswith(f"status {INVALID_INPUT}: not a parameter file")
        faces.clear()
        done = call(caller, swift_run, env, *words, 0, "-", tmp_path)
        assert done.stdout.startswith(f"status {NO_FACE}: no face was found")
        done = call(caller, swift_run, env, *words, 0, "-", tmp_path, MODELS=str(tmp_path))
        assert done.stdout.startswith("status 3: cannot read ")
        models = shutil.copytree(swift_run.package / "Sources" / "F2PKit" / "Models", tmp_path / "models")
        shutil.rmtree(models / "render.mlpackage")
        shutil.rmtree(tmp_path / ".local", ignore_errors=True)
        done = call(caller, swift_run, env, *words, 0, "-", tmp_path, MODELS=str(models))
        assert done.stdout.startswith("status 3: there is no render.mlpackage in ")
