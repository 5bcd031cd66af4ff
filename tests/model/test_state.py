"""The state of a search: controllers and logits of discrete groups."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.one_shot import one_shot  # noqa: E402
from f2p_deploy.model.settings import IterativeSettings  # noqa: E402
from f2p_deploy.model.state import StateToParameters, average_state, first_state, state_from  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402


def test_state_and_parameters_are_inverse_to_each_other(small_bundle) -> None:
    parameters = torch.from_numpy(one_shot(small_bundle, torch.rand(2, 3, 128, 128)))
    state = state_from(parameters, small_bundle.schema.n_c, beta=100.0)
    torch.testing.assert_close(StateToParameters(small_bundle, 100.0)(state), parameters, atol=1e-5, rtol=0)


def test_another_sharpness_takes_the_place_of_the_module_s(small_bundle) -> None:
    state = torch.randn(2, small_bundle.schema.n, generator=torch.Generator().manual_seed(0))
    module = StateToParameters(small_bundle, 100.0)
    torch.testing.assert_close(module(state, torch.tensor([2.0])), StateToParameters(small_bundle, 2.0)(state))


def test_the_average_state_is_the_defaults_and_even_groups(small_bundle) -> None:
    parameters = StateToParameters(small_bundle, 100.0)(average_state(small_bundle, 3))
    assert parameters.shape == (3, small_bundle.schema.n)
    defaults = [controller.default for controller in small_bundle.schema.controllers]
    np.testing.assert_allclose(parameters[2, : small_bundle.schema.n_c], defaults)
    for part in small_bundle.schema.discrete_slices.values():
        np.testing.assert_allclose(parameters[0, part], 1.0 / (part.stop - part.start))


def test_a_start_at_the_priors_needs_priors(small_bundle) -> None:
    with pytest.raises(InputError, match="f2p-deploy train priors"):
        first_state(small_bundle, 1, IterativeSettings(from_prior=True))
