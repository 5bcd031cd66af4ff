import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from f2p_deploy.model.networks.crop import Crop, resampling_weights  # noqa: E402
from f2p_deploy.model.recognisers import RECOGNISERS  # noqa: E402
from f2p_deploy.model.settings import AlignmentTemplate  # noqa: E402

WANTED = RECOGNISERS["dlib-resnet"].points


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
