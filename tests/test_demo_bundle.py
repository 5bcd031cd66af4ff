"""The bundle inside the package: whole, small enough, trained, and different for different people."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.alignment import MediaPipeFinder, align, align_photo  # noqa: E402
from f2p_deploy.alignment.sample_faces import default_faces, write_sample_photo  # noqa: E402
from f2p_deploy.character.parameters import Parameters, average  # noqa: E402
from f2p_deploy.model.bundle import Bundle, load_bundle  # noqa: E402
from f2p_deploy.model.networks.table import NETWORKS  # noqa: E402
from f2p_deploy.model.one_shot import one_shot  # noqa: E402
from f2p_deploy.model.reference import reference_generate, reference_render, to_tensor  # noqa: E402
from f2p_deploy.model.similarity import reduce_to  # noqa: E402
from f2p_deploy.pipeline import choose_finder_for  # noqa: E402
from f2p_deploy.pipeline.demo import MODES  # noqa: E402
from f2p_deploy.pipeline.drawn import FOLDER, read_drawn  # noqa: E402

LARGEST_BYTES = 40_000_000

#: All networks but the shortcut, since a search through the surrogate needs none.
PARTS = tuple(name for name in NETWORKS if name != "shortcut")


@pytest.fixture(scope="module")
def demo() -> Bundle:
    return load_bundle()


@pytest.fixture(scope="module")
def face(demo) -> np.ndarray:
    """The aligned astronaut, (S, S, 3) uint8."""
    image = default_faces(demo).images[0]
    return np.ascontiguousarray((image.transpose(1, 2, 0) * 255).round().astype(np.uint8))


def test_is_whole_and_small(demo) -> None:
    assert demo.networks == PARTS
    assert sum(path.stat().st_size for path in demo.path.rglob("*")) <= LARGEST_BYTES


def test_says_how_every_part_was_made(demo) -> None:
    for part in PARTS:
        facts = demo.provenance[part]
        if part == "recognition":  # the published network
            assert facts["command"].startswith("f2p-deploy bundle import recognition") and len(facts["sha256"]) == 64
            continue
        assert facts["command"].startswith(f"f2p-deploy train {part}")
        assert facts["seconds"] > 0
    assert demo.provenance["imitator"]["metrics"]["pictures"] == 500


def test_no_path_of_the_machine_it_was_trained_on_is_inside(demo) -> None:
    header = (demo.path / "bundle.json").read_text()
    assert "/home" not in header and "/tmp" not in header and "/root" not in header


def test_imitator_draws_a_face_and_not_an_average_of_everything(demo) -> None:
    picture = reference_render(demo, average(demo.schema)).astype(float)
    corner, middle = picture[:8, :8].mean((0, 1)), picture[100:156, 100:156].mean((0, 1))
    assert np.abs(corner - middle).max() > 30
    labels = demo.segmentation(torch.from_numpy(picture / 255).permute(2, 0, 1)[None].float()).argmax(1)[0]
    assert {0, 1, 6} <= set(labels.unique().tolist())


def test_segmentation_finds_the_eyes_of_a_photo_where_they_are(demo, face) -> None:
    size = demo.settings.architecture.segmentation_size
    probabilities = demo.segmentation(reduce_to(to_tensor(demo, face), size)).softmax(1)[0]
    cells = (torch.arange(probabilities.shape[1]) + 0.5) / probabilities.shape[1]
    for name, index in (("left-eye", 4), ("right-eye", 5)):
        weight = probabilities[index]
        x = float((weight.sum(0) * cells).sum() / weight.sum())
        y = float((weight.sum(1) * cells).sum() / weight.sum())
        expected = demo.settings.alignment.landmarks[name]
        assert (x, y) == pytest.approx(expected, abs=0.06), name


def test_iterating_brings_the_character_nearer_to_the_photo(demo, face) -> None:
    losses = reference_generate(demo, face, "iterative").losses
    assert losses[-1] < 0.8 * losses[0]


def test_hybrid_ends_nearer_than_one_shot(demo, face) -> None:
    losses = reference_generate(demo, face, "hybrid").losses
    assert losses[-1] < losses[0]


def test_a_mirrored_photo_is_the_same_person(demo, face) -> None:
    looks = (face, np.ascontiguousarray(face[:, ::-1]))
    one, other = (reference_generate(demo, image, "hybrid").parameters for image in looks)
    n_c = demo.schema.n_c
    assert np.abs(one.values - other.values)[:n_c].mean() < 0.02
    same = [one.choice(group.name) == other.choice(group.name) for group in demo.schema.discrete_groups]
    assert sum(same) >= len(same) - 1


def test_the_character_changes_with_the_photo(demo, face, shared, landmarker) -> None:
    finder = MediaPipeFinder(landmarker)
    template, size = demo.settings.alignment.landmarks, demo.settings.architecture.image_size
    folder = shared / "data" / "portraits"
    faces = [align_photo(path, finder, template, size).image for path in sorted(folder.glob("*.jpg"))[:6]]
    vectors = one_shot(demo, torch.cat([to_tensor(demo, image) for image in (face, *faces)]))
    controllers = vectors[:, : demo.schema.n_c]
    distances = [np.abs(a - b).mean() for i, a in enumerate(controllers) for b in controllers[:i]]
    assert min(distances) > 0.01


def test_the_same_person_stays_nearer_than_another(demo, astronaut, shared, landmarker) -> None:
    finder = MediaPipeFinder(landmarker)
    template, size = demo.settings.alignment.landmarks, demo.settings.architecture.image_size
    first = align(astronaut, finder, template, size).image
    darker = (first * 0.8).astype(np.uint8)
    other = align_photo(shared / "data" / "photos" / "grace_hopper.bmp", finder, template, size).image
    a, b, c = one_shot(demo, torch.cat([to_tensor(demo, image) for image in (first, darker, other)]))
    n_c = demo.schema.n_c
    assert np.abs(a - b)[:n_c].mean() < 0.7 * np.abs(a - c)[:n_c].mean()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("offline", [False, True], ids=["mediapipe", "networks"])
def test_the_engines_pictures_of_the_demos_characters_are_there(
    demo, landmarker: Path, tmp_path: Path, mode: str, offline: bool
) -> None:
    """After another training or another engine: python tools/draw_samples.py."""
    pytest.importorskip("mediapipe")
    photo = write_sample_photo(tmp_path)
    finder = choose_finder_for(None if offline else landmarker, offline=offline).finder
    face = align_photo(photo, finder, demo.settings.alignment.landmarks, demo.settings.architecture.image_size)
    made = reference_generate(demo, face.image, mode, shape=face.landmarks.shape).parameters
    picture = read_drawn(demo.path / FOLDER, demo.schema).find(made)
    assert picture is not None and picture.shape == (384, 384, 3)


def test_the_engines_picture_is_shown_without_pytorch_and_mediapipe_too(demo, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("skimage")
    from f2p_deploy.artifact.artifact import read_artifact
    from f2p_deploy.pipeline import create_characters
    from f2p_deploy.runtimes.onnxruntime.onnx_runtime import OnnxRuntime

    photo, runtime = write_sample_photo(tmp_path), OnnxRuntime(read_artifact(demo.path))
    finder = choose_finder_for(offline=True)
    made = create_characters([photo], runtime, tmp_path / "out", MODES, finder=finder)
    assert [result.drawn_beforehand for result in made.created] == [True] * len(MODES)


def test_what_is_shown_as_drawn_by_the_engine_was(demo, makehuman_assets: Path) -> None:
    pytest.importorskip("numba")
    from f2p_deploy.pipeline.drawing import engine_for

    engine, drawn = engine_for(demo.schema, makehuman_assets), read_drawn(demo.path / FOLDER, demo.schema)
    assert len(drawn.files) == 2 * len(MODES)
    for values in drawn.parameters:
        found = drawn.find(Parameters(demo.schema, values)).astype(float)
        difference = found - engine.render(values, found.shape[0]).image
        assert np.sqrt(np.mean(difference**2)) < 4.0  # JPEG


@pytest.mark.parametrize("mode", MODES)
def test_a_run_shows_what_the_engine_drew(landmarker: Path, tmp_path: Path, mode: str) -> None:
    """The command, not its parts: it measures the face's shape, and so must what was drawn beforehand."""
    pytest.importorskip("mediapipe")
    photo = write_sample_photo(tmp_path)
    line = [sys.executable, "-m", "f2p_deploy.cli", "run", photo, "--mode", mode, "-o", tmp_path / "out"]
    kept = {name: value for name, value in os.environ.items() if name != "F2P_MAKEHUMAN_ASSETS"}
    environment = kept | {"F2P_FACE_LANDMARKER": str(landmarker)}
    done = subprocess.run([*map(str, line)], env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / photo.stem / "engine.png").is_file()
