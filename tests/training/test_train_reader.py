"""A fitted reader predicts the labels of photos."""


import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.model.networks.table import build_network  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.training.data.labels import Labels  # noqa: E402
from f2p_deploy.training.data.portraits import Portraits  # noqa: E402
from f2p_deploy.training.train_reader import _fit, learn_reader  # noqa: E402


def test_parts_are_fitted_to_the_photos_that_they_are_known_of(surrogate_bundle: Bundle) -> None:
    """Hair follows one feature, an ordered group another, age a third; parts without labels get their defaults."""
    schema = surrogate_bundle.schema
    reader = build_network("reader", schema, surrogate_bundle.settings)
    x = torch.randn(400, reader.mean.shape[0], generator=torch.Generator().manual_seed(0))
    hair = (x[:, 0] > 0).long() * 2  # none or long
    hair[::3] = -1
    lips = (x[:, 1] > 0).long()
    age = (0.5 + 0.1 * x[:, 2]).clamp(0, 1)
    _fit(reader, schema, x, {"hair": hair, "lips": lips}, {"age": age})
    with torch.no_grad():
        scores, sliders = reader(x)
    known = hair >= 0
    assert float((scores[known, :3].argmax(1) == hair[known]).float().mean()) > 0.95
    assert float((scores[:, 3:].argmax(1) == lips).float().mean()) > 0.9
    assert float(torch.corrcoef(torch.stack([sliders[:, 0], age]))[0, 1]) > 0.9
    _fit(reader, schema, x, {}, {})
    with torch.no_grad():
        scores, sliders = reader(x)
    assert (scores[:, :3].argmax(1) == 0).all() and (scores[:, 3:].argmax(1) == 0).all() and (sliders == 0.5).all()


def test_what_no_label_names_is_never_read(surrogate_bundle: Bundle) -> None:
    """Labels that features hardly explain give small scores, beside which an option nobody taught could win."""
    schema = surrogate_bundle.schema
    reader = build_network("reader", schema, surrogate_bundle.settings)
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(400, reader.mean.shape[0], generator=draw)
    hair = torch.randint(0, 2, (400,), generator=draw) * 2  # none or long, never the option between them
    _fit(reader, schema, x, {"hair": hair}, {})
    with torch.no_grad():
        chances = reader(torch.cat([x, torch.zeros_like(x[:1])]))[0][:, :3].softmax(dim=1)
    assert float(chances[:, 1].max()) < 1e-3


def test_what_was_measured_counts_beside_what_was_said(surrogate_bundle: Bundle) -> None:
    """Skin tones follow labels and measured positions, for rare tones and common ones."""
    schema = surrogate_bundle.schema
    reader = build_network("reader", schema, surrogate_bundle.settings)
    x = torch.randn(600, reader.mean.shape[0], generator=torch.Generator().manual_seed(0))
    said, measured = (x[:, 0] > 1.0).long(), (x[:, 1] > 0).long()
    said[::2] = -1
    places = []
    for more in ({}, {"lips": measured}):
        _fit(reader, schema, x, {"lips": said}, {}, more)
        with torch.no_grad():
            places.append(reader.linear(x)[:, 3])
    correlations = [float(torch.corrcoef(torch.stack([place, x[:, 1]]))[0, 1]) for place in places]
    assert abs(correlations[0]) < 0.2 and correlations[1] > 0.5
    followed = [float(torch.corrcoef(torch.stack([place, x[:, 0]]))[0, 1]) for place in places]
    assert followed[0] > followed[1] > 0.1


def test_labelled_photos_read_the_same_mirrored_and_darker(surrogate_bundle: Bundle) -> None:
    random = np.random.default_rng(3)
    pictures = random.integers(0, 256, (48, 4, 4, 3), np.uint8).repeat(32, axis=1).repeat(32, axis=2)
    names = tuple(f"people/{i}.png" for i in range(48))
    unknown = np.full((48, 1), np.nan, np.float32)
    photos = Portraits(names, pictures, np.zeros((48, 128, 128), np.uint8), unknown[:, 0], unknown[..., None], unknown)
    options = {"hair": random.integers(0, 3, 48)}
    reader, metrics = learn_reader(surrogate_bundle, photos, Labels(names, options, {}))
    assert 0.0 <= metrics["hair"] <= 1.0
    faces = torch.from_numpy(pictures[photos.training]).permute(0, 3, 1, 2) / 255.0
    similarity, stage = surrogate_bundle.similarity, surrogate_bundle.settings.architecture.reader_stage

    def read(faces: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            scores, _ = reader(reader.features(similarity.identity(faces), similarity.regions(faces, stage)))
        return scores[:, :3].argmax(dim=1)

    wanted = torch.from_numpy(options["hair"][photos.training])
    for varied in (faces, faces.flip(3), 0.5 * faces):
        assert (read(varied) == wanted).float().mean() > 0.9


def test_labels_of_other_photos_are_said_to_be_that(surrogate_bundle: Bundle) -> None:
    none = np.full((1, 1), np.nan, np.float32)
    photos = Portraits(("people/1.png",), np.zeros((1, 128, 128, 3), np.uint8), np.zeros((1, 128, 128), np.uint8),
                       none[:, 0], none[..., None], none)  # fmt: skip
    with pytest.raises(InputError, match="none of the 2 rows .* its folder and file, such as people/1.png"):
        learn_reader(surrogate_bundle, photos, Labels(("1.png", "2.png"), {}, {}))


def test_places_on_a_line_are_read_off_photos_as_they_are(surrogate_bundle: Bundle) -> None:
    reader = build_network("reader", surrogate_bundle.schema, surrogate_bundle.settings)
    torch.manual_seed(4)
    x, photos = torch.randn(40, reader.mean.shape[0]), torch.arange(40)
    places = (x[:, 0] > 0).long()
    _fit(reader, surrogate_bundle.schema, x, {"lips": places}, {})
    alone = reader.linear.weight[3].clone()
    varied = torch.cat([x, torch.randn_like(x)])
    _fit(reader, surrogate_bundle.schema, varied, {"lips": places.repeat(2)}, {}, photos=photos.repeat(2))
    torch.testing.assert_close(reader.linear.weight[3], alone)
    assert alone.abs().max() > 0
