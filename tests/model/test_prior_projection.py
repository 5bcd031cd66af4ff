"""The projection onto the subspace of the priors."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.character.parameters import random_batch  # noqa: E402
from f2p_deploy.model.prior_projection import PriorProjection  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402


def test_prior_projection_is_eqs_11_and_12(bundle_with_priors) -> None:
    vectors = random_batch(bundle_with_priors.schema, 3, 9)
    made = PriorProjection(bundle_with_priors)(torch.from_numpy(vectors)).numpy()
    expected = bundle_with_priors.priors.recover(bundle_with_priors.priors.project(vectors))
    np.testing.assert_allclose(made[:, : bundle_with_priors.schema.n_c], expected, atol=1e-5)
    np.testing.assert_array_equal(made[:, bundle_with_priors.schema.n_c :], vectors[:, bundle_with_priors.schema.n_c :])


def test_a_descent_is_a_step_of_the_coordinates(bundle_with_priors) -> None:
    """With x = B u + m, the step u - dL/du moves x by -B B^T dL/dx; discrete groups do not change."""
    gradient = torch.randn(2, bundle_with_priors.schema.n, generator=torch.Generator().manual_seed(0))
    n_c, basis = bundle_with_priors.schema.n_c, torch.from_numpy(bundle_with_priors.priors.as_matrices().basis)
    direction = PriorProjection(bundle_with_priors).descent(gradient)
    torch.testing.assert_close(direction[:, :n_c], gradient[:, :n_c] @ basis @ basis.T, atol=1e-5, rtol=1e-4)
    assert torch.equal(direction[:, n_c:], gradient[:, n_c:])


def test_a_bundle_without_priors_says_how_to_make_them(small_bundle) -> None:
    with pytest.raises(InputError, match="f2p-deploy train priors"):
        PriorProjection(small_bundle)
