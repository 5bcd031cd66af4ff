from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

torch = pytest.importorskip("torch")

from f2p_deploy.model.networks.crop import Crop, crop_square, resampling_weights  # noqa: E402
from f2p_deploy.model.recognisers import CROPPED, RECOGNISERS  # noqa: E402
from f2p_deploy.model.settings import AlignmentTemplate  # noqa: E402

WANTED = RECOGNISERS["dlib-resnet"].points
LIGHT_CNNS = RECOGNISERS[CROPPED["light-cnn-29v2"]].points


def test_landmarks_come_to_lie_where_they_are_wanted() -> None:
    # A template that is the wanted points, shrunk to half and moved, is undone exactly.
    template = {name: (0.2 + 0.5 * x, 0.3 + 0.5 * y) for name, (x, y) in WANTED.items()}
    face = torch.zeros(1, 3, 256, 256)
    x, y = template["nose-tip"]
    face[:, :, int(y * 256), int(x * 256)] = 1.0
    rows, columns = np.nonzero(Crop(template, WANTED, 256, 150)(face)[0, 0].numpy() > 0.2)
    assert abs(rows.mean() + 0.5 - WANTED["nose-tip"][1] * 150) < 1.0
    assert abs(columns.mean() + 0.5 - WANTED["nose-tip"][0] * 150) < 1.0


@pytest.mark.parametrize(("start", "extent", "size_out"), [(0.0, 1.0, 60), (0.25, 0.5, 50), (0.1, 0.3, 90)])
def test_resamples_as_pillow_does(start: float, extent: float, size_out: int) -> None:
    line = np.random.default_rng(0).random(200).astype(np.float32)
    box = (start * 200, 0, (start + extent) * 200, 1)
    theirs = Image.fromarray(line[None]).resize((size_out, 1), Image.Resampling.BILINEAR, box=box)
    ours = resampling_weights(200, size_out, start, extent) @ line
    # At the ends of the line the edge repeats here, where Pillow sees less of it.
    np.testing.assert_allclose(ours[2:-2], np.asarray(theirs)[0, 2:-2], atol=1e-5)


def test_beyond_the_edge_the_edge_repeats() -> None:
    weights = resampling_weights(10, 12, -0.5, 2.0)
    np.testing.assert_allclose(weights.sum(1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(weights[0] @ np.arange(10.0), 0.0, atol=1e-6)


def test_a_mirrored_face_gives_the_mirrored_crop_of_a_symmetric_template() -> None:
    template = AlignmentTemplate().landmarks
    mirrored = {"left-eye": "right-eye", "mouth-left": "mouth-right"}
    mirrored |= {right: left for left, right in mirrored.items()}
    wanted = {
        name: ((WANTED[name][0] + 1.0 - WANTED[mirrored.get(name, name)][0]) / 2, WANTED[name][1]) for name in WANTED
    }
    crop, face = Crop(template, wanted, 128, 150), torch.rand(1, 3, 128, 128)
    torch.testing.assert_close(crop(face.flip(3)), crop(face).flip(3), atol=1e-4, rtol=0)


def test_the_mirrored_crop_is_that_of_a_mirrored_face() -> None:
    template = AlignmentTemplate().landmarks
    crop = Crop(template, WANTED, 128, 150)
    face = torch.rand(1, 3, 128, 128)
    torch.testing.assert_close(crop.mirrored(face), crop(face.flip(3)))


def test_light_cnns_crop_is_the_one_of_its_authors() -> None:
    """Eyes level at y 40 of 128, the middle of the mouth 48 pixels below, both in the middle."""
    eyes = np.mean([LIGHT_CNNS["left-eye"], LIGHT_CNNS["right-eye"]], axis=0)
    mouth = np.mean([LIGHT_CNNS["mouth-left"], LIGHT_CNNS["mouth-right"]], axis=0)
    np.testing.assert_allclose([eyes * 128, mouth * 128], [[64.0, 40.0], [64.0, 88.0]], atol=0.01)
    assert LIGHT_CNNS["left-eye"][1] == LIGHT_CNNS["right-eye"][1]


def test_a_face_like_the_wanted_one_is_cut_out_exactly() -> None:
    template = {name: (0.1 + 0.5 * x, 0.2 + 0.5 * y) for name, (x, y) in LIGHT_CNNS.items()}
    np.testing.assert_allclose(crop_square(template, LIGHT_CNNS), (0.1, 0.2, 0.5), atol=1e-12)


@dataclass
class Photos:
    """Aligned photos of people: (N, 3, S, S) faces, (N, 5, 2) landmarks in fractions of S, and who they show."""

    bundle: "Bundle"
    faces: "torch.Tensor"
    landmarks: np.ndarray
    people: np.ndarray


@pytest.fixture(scope="module")
def orl(shared: Path, landmarker: Path) -> Photos:
    """Four photos of each of the 40 people of the ORL Database of Faces (AT&T Laboratories Cambridge)."""
    pytest.importorskip("mediapipe")
    from f2p_deploy.alignment import MediaPipeFinder, align, open_photo
    from f2p_deploy.alignment.warp import transform
    from f2p_deploy.model.bundle import load_bundle
    from f2p_deploy.system.errors import PhotoError

    folder = shared / "data" / "verification" / "orl_faces"
    if not folder.is_dir():
        pytest.skip(f"no ORL faces in {folder}")
    bundle, finder = load_bundle(), MediaPipeFinder(landmarker)
    template, size = bundle.settings.alignment.landmarks, bundle.settings.architecture.image_size
    faces, landmarks, people = [], [], []
    for path in sorted(folder.glob("s*/[2468].pgm")):
        try:
            face = align(open_photo(path), finder, template, size)
        except PhotoError:
            continue
        faces.append(torch.from_numpy(face.image.transpose(2, 0, 1).copy()).float() / 255)
        landmarks.append(transform(face.matrix, face.landmarks.array) / size)
        people.append(path.parent.name)
    assert len(faces) > 150
    return Photos(bundle, torch.stack(faces), np.array(landmarks), np.array(people))


def test_photos_come_to_lie_where_light_cnn_has_learned_them(orl: Photos) -> None:
    left, top, edge = crop_square(orl.bundle.settings.alignment.landmarks, LIGHT_CNNS)
    found = {}
    for name, square in {"crop": (left, top, edge), "whole": (0.0, 0.0, 1.0)}.items():
        seen = (orl.landmarks - square[:2]) / square[2] * 128
        eyes, mouth = seen[:, :2].mean(axis=1), seen[:, 3:].mean(axis=1)
        found[name] = np.mean([eyes[:, 1], mouth[:, 1] - eyes[:, 1]], axis=1)
    np.testing.assert_allclose(found["crop"], [40.0, 48.0], atol=1.0)
    assert np.abs(found["whole"] - [40.0, 48.0]).min() > 12.0


def test_a_trained_recogniser_errs_several_times_as_often_without_its_crop(orl: Photos) -> None:
    """LightCNN's published weights are not at hand: the dlib network of the demo bundle stands in for them."""
    from f2p_deploy.evaluation.stages.stage_recognition import pair_similarities
    from f2p_deploy.model.similarity import Similarity

    settings, errors = orl.bundle.settings, {}
    recogniser, template = settings.architecture.recogniser, settings.alignment.landmarks
    for name, wanted in {"own": recogniser.points, "light-cnn": LIGHT_CNNS, "whole": template}.items():
        crop = Crop(template, wanted, settings.architecture.image_size, recogniser.size)
        networks = (orl.bundle.recognition, orl.bundle.segmentation)
        similarity = Similarity(*networks, settings.similarity, recogniser, crop=crop).eval()
        with torch.inference_mode():
            vectors = torch.cat([similarity.identity(part) for part in orl.faces.split(16)]).numpy()
        same, different = pair_similarities(vectors, orl.people)
        thresholds = np.linspace(-1, 1, 4001)[:, None]
        missed, taken = (same < thresholds).mean(axis=1), (different >= thresholds).mean(axis=1)
        errors[name] = np.maximum(missed, taken).min()
    assert errors["own"] < 0.015 and errors["light-cnn"] < 0.015
    assert errors["whole"] > 3 * max(errors["own"], errors["light-cnn"], 0.005)
