"""The search through the imitator: its loss is eq. 9, and every option has a gradient."""

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.character.parameters import random_batch  # noqa: E402
from f2p_deploy.model.imitator_search import GenerationLoss  # noqa: E402
from f2p_deploy.model.search_loss import describer, search_loss  # noqa: E402
from f2p_deploy.model.state import StateToParameters, average_state  # noqa: E402


@pytest.fixture(scope="module")
def faces(small_bundle):
    """Two characters of the bundle's own, so that a solution exists."""
    with torch.no_grad():
        return small_bundle.imitator(torch.from_numpy(random_batch(small_bundle.schema, 2, 5)))


def test_average_start_has_a_gradient_in_every_discrete_group(small_bundle, faces) -> None:
    loss_of = GenerationLoss(small_bundle, beta=100.0)
    state = average_state(small_bundle, 2).requires_grad_(True)
    (gradient,) = torch.autograd.grad(loss_of(state, *small_bundle.similarity.describe(faces)).sum(), state)
    for part in small_bundle.schema.discrete_slices.values():
        assert float(gradient[:, part].abs().max()) > 0


def test_the_loss_is_eq_9_of_the_rendered_face(small_bundle, faces) -> None:
    state = average_state(small_bundle, 2)
    identity, content = describer(small_bundle)(faces)
    with torch.no_grad():
        picture = small_bundle.imitator(StateToParameters(small_bundle, 3.0)(state))
        loss = search_loss(small_bundle, 3.0)(state, identity, content)
    torch.testing.assert_close(loss, small_bundle.similarity(picture, identity, content))
