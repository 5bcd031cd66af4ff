"""The step by autograd, with everything between two gradients, against the plain loop."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.gradient_step import Step  # noqa: E402
from f2p_deploy.model.imitator_search import GenerationLoss  # noqa: E402
from f2p_deploy.model.reference import reference_iterate  # noqa: E402
from f2p_deploy.model.search_loss import describer  # noqa: E402
from f2p_deploy.model.settings import IterativeSettings  # noqa: E402
from f2p_deploy.model.state import first_state  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.export import Faces
    from f2p_deploy.model.bundle import Bundle

PLAIN = IterativeSettings(iterations=4, learning_rate=20.0)


def search(
    bundle: "Bundle", faces: "torch.Tensor", settings: IterativeSettings, locked: "torch.Tensor"
) -> tuple[np.ndarray, np.ndarray]:
    """Return the states at which losses were computed, and the losses, by steps alone."""
    with torch.no_grad():
        identity, content = describer(bundle)(faces)
    step, state = Step(bundle), first_state(bundle, len(faces))
    numbers = torch.tensor([settings.beta]), torch.tensor([settings.discrete_rate])
    before, states, losses = state, [], []
    for rate, momentum in [(rate, settings.momentum) for rate in settings.learning_rates()] + [(0.0, 0.0)]:
        given = (state, before, identity, content, locked, torch.tensor([rate]), torch.tensor([momentum]), *numbers)
        before, (state, loss, ahead) = state, step(*given)
        states.append(ahead.numpy())
        losses.append(loss.numpy())
    return np.stack(states), np.stack(losses)


@pytest.mark.parametrize(
    "settings",
    [
        PLAIN,
        replace(PLAIN, momentum=0.7),
        replace(PLAIN, beta=30.0),
        replace(PLAIN, momentum=0.5, beta=150.0, discrete_rate=0.3),
    ],
    ids=["plain", "momentum", "another beta", "everything"],
)
def test_it_is_the_whole_loop(small_bundle: "Bundle", small_faces: "Faces", settings: IterativeSettings) -> None:
    faces = torch.from_numpy(small_faces.images[:2])
    locked = torch.zeros(small_bundle.schema.n)
    locked[[1, -1]] = 1.0
    states, losses = search(small_bundle, faces, settings, locked)
    expected = reference_iterate(small_bundle, faces, settings, locked=locked > 0)
    found = GenerationLoss(small_bundle, settings.beta).to_parameters(torch.from_numpy(states[-1])).numpy()
    np.testing.assert_allclose(losses, expected.losses, rtol=1e-6)
    np.testing.assert_allclose(found, expected.parameters, atol=1e-6)
    assert (states[:, :, [1, -1]] == states[0][:, [1, -1]]).all(), "locked entries moved"
    if settings is not PLAIN:
        other = reference_iterate(small_bundle, faces, PLAIN, locked=locked > 0).parameters
        assert np.abs(other - found).max() > 1e-3, "the settings make no difference here"


def test_what_is_read_stays_in_a_search_through_a_surrogate(
    surrogate_bundle: "Bundle", small_faces: "Faces"
) -> None:
    """Entries read from the photo are copied unchanged, with another beta as well."""
    faces = torch.from_numpy(small_faces.images[:2])
    settings = replace(surrogate_bundle.settings.iterative, iterations=4, keep_best=False)
    settings = replace(settings, beta=2.0 * settings.beta)
    free = torch.zeros(surrogate_bundle.schema.n)
    states, losses = search(surrogate_bundle, faces, settings, free)
    expected = reference_iterate(surrogate_bundle, faces, settings)
    np.testing.assert_allclose(losses, expected.losses, rtol=1e-6)
    with torch.no_grad():
        _, content = describer(surrogate_bundle)(faces)
    held = slice(surrogate_bundle.schema.n_c, surrogate_bundle.schema.n)
    np.testing.assert_allclose(states[-1][:, held], content[:, held].numpy(), atol=1e-6)
