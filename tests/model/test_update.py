"""One update: the gradient step, in the priors' subspace or outside it, and momentum."""

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.held import held_entries  # noqa: E402
from f2p_deploy.model.settings import IterativeSettings  # noqa: E402
from f2p_deploy.model.update import Update, lookahead  # noqa: E402


def test_in_the_subspace_its_coordinates_descend(bundle_with_priors) -> None:
    update = Update(bundle_with_priors, IterativeSettings(use_prior=True, discrete_rate=0.5))
    n_c, matrices = bundle_with_priors.schema.n_c, bundle_with_priors.priors.as_matrices()
    coordinates = torch.full((1, matrices.basis.shape[1]), 0.01)
    state = torch.zeros(1, bundle_with_priors.schema.n)
    state[:, :n_c] = coordinates @ torch.from_numpy(matrices.basis).T + torch.from_numpy(matrices.mean)
    gradient = torch.randn(1, bundle_with_priors.schema.n) * 0.01
    moved = coordinates - 2.0 * gradient[:, :n_c] @ torch.from_numpy(matrices.basis)
    expected = moved @ torch.from_numpy(matrices.basis).T + torch.from_numpy(matrices.mean)
    made = update(state, gradient, 2.0, torch.zeros(1, 1, 1, 1))
    torch.testing.assert_close(made[:, :n_c], expected.clamp(0, 1), atol=1e-5, rtol=0)
    torch.testing.assert_close(made[:, n_c:], -2.0 * 0.5 * gradient[:, n_c:])


def test_momentum_carries_a_state_on_along_its_last_move(small_bundle) -> None:
    n_c = small_bundle.schema.n_c
    before = torch.full((1, small_bundle.schema.n), 0.5)
    state = before + 0.25
    state[:, 0] = 0.9  # carried past its stop
    state[:, n_c] = 3.0  # free numbers have none
    ahead = lookahead(state, before, 0.5, n_c)
    assert ahead[0, 1] == pytest.approx(0.875) and ahead[0, 0] == 1.0 and ahead[0, n_c] == pytest.approx(4.25)
    assert torch.equal(lookahead(state, before, 0.0, n_c), state)


def test_controllers_are_clipped_and_logits_have_a_rate_and_no_bounds(small_bundle) -> None:
    n, n_c = small_bundle.schema.n, small_bundle.schema.n_c
    update = Update(small_bundle, IterativeSettings(discrete_rate=0.5))
    state, gradient = torch.full((1, n), 0.5), torch.full((1, n), 0.5)
    moved = update(state, gradient, 2.0, torch.zeros(1, 1, 1, 1))
    assert (moved[:, :n_c] == 0.0).all() and (moved[:, n_c:] == 0.0).all()
    moved = update(state, gradient, 2.0, torch.zeros(1, 1, 1, 1), torch.tensor([3.0]))
    assert (moved[:, :n_c] == 0.0).all() and (moved[:, n_c:] == -2.5).all()


def test_a_search_through_the_surrogate_takes_held_entries_from_the_content(surrogate_bundle) -> None:
    schema = surrogate_bundle.schema
    update = Update(surrogate_bundle, surrogate_bundle.settings.iterative)
    content = torch.rand(1, schema.n + 24, generator=torch.Generator().manual_seed(0))
    state = torch.full((1, schema.n), 0.5)
    moved = update(state, torch.zeros(1, schema.n), 1.0, content)
    held = torch.from_numpy(held_entries(schema))
    torch.testing.assert_close(moved[:, held], content[:, : schema.n][:, held])
    assert torch.equal(moved[:, ~held], state[:, ~held])
