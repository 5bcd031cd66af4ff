"""A search without rendering: read entries stay, searched ones improve, and mirrored photos are equal."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.model.held import held_entries  # noqa: E402
from f2p_deploy.model.one_shot import one_shot  # noqa: E402
from f2p_deploy.model.reference import reference_generate, reference_iterate, reference_start  # noqa: E402
from f2p_deploy.model.search_loss import describer, search_loss  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402


@pytest.fixture
def faces(small_faces) -> "torch.Tensor":
    return torch.from_numpy(np.stack(list(small_faces.images)[:2]))


def test_options_age_and_uneven_sliders_are_held(surrogate_bundle: Bundle) -> None:
    schema = surrogate_bundle.schema
    held = held_entries(schema)
    assert held[schema.n_c :].all()
    assert [c.name for c, h in zip(schema.controllers, held, strict=False) if h] == ["age", "uneven"]


@pytest.mark.parametrize("mode", ["iterative", "hybrid"])
def test_what_is_read_stays_and_the_loss_falls(surrogate_bundle: Bundle, faces: "torch.Tensor", mode: str) -> None:
    settings = surrogate_bundle.settings.iterative
    start = reference_start(surrogate_bundle, faces, mode, settings)
    found = reference_iterate(surrogate_bundle, faces, settings, start)
    read = one_shot(surrogate_bundle, faces)
    schema = surrogate_bundle.schema
    age = schema.controller_index["age"]
    np.testing.assert_allclose(found.parameters[:, age], read[:, age], atol=1e-6)
    for part in schema.discrete_slices.values():
        assert (found.parameters[:, part].argmax(1) == read[:, part].argmax(1)).all()
        assert (found.parameters[:, part].max(1) >= read[:, part].max(1)).all()  # sharper, since not searched
    assert (found.losses.min(0) < found.losses[0]).all()


def test_a_mirrored_photo_gives_the_same_sliders(surrogate_bundle: Bundle, faces: "torch.Tensor") -> None:
    one, other = (describer(surrogate_bundle)(face)[0] for face in (faces, faces.flip(3)))
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_the_loss_is_the_centred_cosine_and_the_distance_from_the_average(surrogate_bundle: Bundle) -> None:
    schema, beta = surrogate_bundle.schema, 10.0
    state = torch.rand(3, schema.n)
    identity = torch.randn(3, surrogate_bundle.surrogate.photos.shape[0])
    shapes = torch.randn(3, 24)
    loss_of = search_loss(surrogate_bundle, beta)
    seen = surrogate_bundle.surrogate(loss_of.to_parameters(state))
    made = surrogate_bundle.surrogate.shape(loss_of.to_parameters(state)).detach()
    expected = []
    for i in range(3):
        a, b = seen[i].double(), (identity[i] - surrogate_bundle.surrogate.photos).double()
        away = 0.0
        for k, controller in enumerate(schema.controllers):
            if controller.name not in ("age", "uneven"):
                away += ((float(state[i, k]) - controller.default) / 0.25) ** 2 / schema.n_c
        shape = 0.2 * float((made[i] - shapes[i]).double().square().sum())
        expected.append(float(1.0 - a @ b / a.norm() / b.norm()) + 0.3 * away + shape)
    content = torch.cat([state, shapes], dim=1)
    np.testing.assert_allclose(loss_of(state, identity, content).detach(), expected, rtol=1e-4)


def test_generates_in_every_mode(surrogate_bundle: Bundle, small_faces) -> None:
    face = (np.transpose(small_faces.images[0], (1, 2, 0)) * 255).astype(np.uint8)
    for mode in ("one-shot", "iterative", "hybrid"):
        made = reference_generate(surrogate_bundle, face, mode)
        assert made.parameters.values.shape == (surrogate_bundle.schema.n,)


def test_a_measured_shape_draws_the_character_to_it(surrogate_bundle: Bundle, faces: "torch.Tensor") -> None:
    """The character's shape comes nearer to the measured shape than to the predicted one."""
    schema, surrogate = surrogate_bundle.schema, surrogate_bundle.surrogate
    sliders = torch.tensor([c.default for c in schema.controllers])
    wanted = sliders.clone()
    wanted[0] = 0.9
    options = torch.zeros(schema.n_d)
    with torch.no_grad():
        shape = surrogate.shape(torch.cat([wanted, options])[None]) * 1.0
    measured = np.repeat(shape.numpy(), 2, axis=0)
    apart = []
    for shapes in (None, measured):
        made = reference_iterate(surrogate_bundle, faces, shapes=shapes).parameters
        with torch.no_grad():
            apart.append(np.linalg.norm(surrogate.shape(torch.from_numpy(made)).numpy() - measured, axis=1))
    assert (apart[1] < apart[0]).all()


def test_a_shape_of_another_length_is_refused(surrogate_bundle: Bundle, small_faces) -> None:
    face = (np.transpose(small_faces.images[0], (1, 2, 0)) * 255).astype(np.uint8)
    with pytest.raises(InputError, match=r"face shapes should be \(1, 24\), found \(1, 3\)"):
        reference_generate(surrogate_bundle, face, "hybrid", shape=np.zeros(3, np.float32))
