"""Refinement on tiny discs: shapes improve, sliders leave the limits of their range, options stay."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.engine.pairs import PairSet  # noqa: E402
from f2p_deploy.model.bundle import Bundle, create_bundle, load_bundle, store_network  # noqa: E402
from f2p_deploy.model.networks.table import build_network  # noqa: E402
from f2p_deploy.model.settings import Architecture  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.training.data.pair_tensors import PairTensors  # noqa: E402
from f2p_deploy.training.data.portrait_labels import CONTOUR_POINTS  # noqa: E402
from f2p_deploy.training.data.portraits import Portraits  # noqa: E402
from f2p_deploy.training.presets import SMALL  # noqa: E402
from f2p_deploy.training.schedule import Schedule  # noqa: E402
from f2p_deploy.training.train_loop import train  # noqa: E402
from f2p_deploy.training.translator_refinement import RefinementStage  # noqa: E402

SIZE, HELD_OUT = 128, 12
SIZES = Architecture(SIZE, 0.06, 0.06, 128, 0.06, 64, 2, 0.06)
SETTINGS = replace(SMALL.settings, architecture=SIZES, default_lead=0.0)


def disc(width: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Return (N, K, 2) points on ellipses in the middle, in edges of the picture."""
    angle = np.linspace(0, 2 * np.pi, len(CONTOUR_POINTS))
    across, along = width[:, None] * np.cos(angle), height[:, None] * np.sin(angle)
    return (0.5 + np.stack([across, along], axis=2)).astype(np.float32)


def shapes_of(parameters: np.ndarray) -> np.ndarray:
    return disc(0.15 + 0.3 * parameters[:, 0], 0.15 + 0.3 * parameters[:, 1])


@pytest.fixture
def bundle(disc_pairs: Path, tmp_path: Path) -> Bundle:
    torch.manual_seed(0)
    bundle = create_bundle(tmp_path / "discs", "discs", PairSet(disc_pairs).schema, SETTINGS)
    for name in ("imitator", "recognition", "segmentation", "translator"):
        network = build_network(name, bundle.schema, SETTINGS)
        if name == "translator":
            torch.nn.init.constant_(network.controllers.bias, 4.0)  # every slider near the end of its range
        bundle = store_network(bundle, name, network, {"command": name})
    return load_bundle(bundle.path)


@pytest.fixture
def photos(disc_pairs: Path) -> Portraits:
    """Forty discs in the role of portraits."""
    pairs = PairTensors(disc_pairs, SIZE, labels=True)
    pictures, labels = pairs.labelled(np.arange(40))
    shapes = shapes_of(pairs.pairs.parameters[:40])
    names = tuple(f"people/p{i:04d}.jpg" for i in range(40))
    return Portraits(names, pictures, labels, np.zeros(40), shapes, shapes[:, 0])


def refined(bundle: Bundle, photos: Portraits, pairs: PairTensors, tmp_path: Path, steps: int) -> RefinementStage:
    stage = RefinementStage(bundle, photos, pairs, shapes_of(pairs.pairs.parameters), HELD_OUT, seed=1)
    schedule = Schedule(steps=steps, batch=16, optimiser="adam", learning_rate=3e-3)
    train(stage, schedule, tmp_path / "work", seed=1)
    return stage


def characters(bundle: Bundle, network: torch.nn.Module, photos: Portraits) -> np.ndarray:
    with torch.no_grad():
        return network.eval()(bundle.similarity.identity(photos.images(photos.training))).numpy()


def test_shape_comes_nearer_and_sliders_leave_the_ends(bundle, photos, disc_pairs, tmp_path) -> None:
    stage = refined(bundle, photos, PairTensors(disc_pairs, SIZE), tmp_path, 120)
    before, after = (characters(bundle, net, photos) for net in (bundle.translator, stage.trained()))
    wanted = photos.shapes[photos.training]
    apart = [float(np.abs(shapes_of(made) - wanted).mean()) for made in (before, after)]
    assert apart[1] < 0.5 * apart[0]
    n_c = bundle.schema.n_c
    assert before[:, :n_c].mean() > 0.9 and abs(after[:, :n_c].mean() - 0.5) < 0.3


def test_options_stay_as_they_were_without_label_maps(bundle, photos, disc_pairs, tmp_path) -> None:
    stage = refined(bundle, photos, PairTensors(disc_pairs, SIZE, labels=False), tmp_path, 60)
    before, after = (characters(bundle, net, photos) for net in (bundle.translator, stage.trained()))
    assert stage.options == {}
    assert np.abs(before - after)[:, bundle.schema.n_c :].mean() < 0.1


def test_options_that_a_colour_tells_are_those_of_the_photos(bundle, photos, disc_pairs) -> None:
    pairs = PairTensors(disc_pairs, SIZE, labels=True)
    stage = RefinementStage(bundle, photos, pairs, shapes_of(pairs.pairs.parameters), HELD_OUT)
    truth = pairs.pairs.parameters[photos.frontal, bundle.schema.n_c :].argmax(axis=1)
    assert stage.options["colour"].tolist() == truth.tolist()


def test_without_contour_points_it_says_what_it_needs(bundle, photos, disc_pairs) -> None:
    pairs = PairTensors(disc_pairs, SIZE)
    nothing = np.full((len(pairs), len(CONTOUR_POINTS), 2), np.nan, np.float32)
    with pytest.raises(InputError, match="it needs MediaPipe's landmarker"):
        RefinementStage(bundle, photos, pairs, nothing, HELD_OUT)
