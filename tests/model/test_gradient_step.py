"""The step by autograd: what a loop may do with it beyond its own settings."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.generation import iterate  # noqa: E402
from f2p_deploy.model.gradient_step import Step  # noqa: E402
from f2p_deploy.model.search_loss import GenerationLoss  # noqa: E402
from f2p_deploy.model.settings import IterativeSettings  # noqa: E402
from f2p_deploy.model.state import average_state  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.export import Faces
    from f2p_deploy.model.bundle import Bundle


def step_parameters(bundle: "Bundle", state: "torch.Tensor") -> np.ndarray:
    return GenerationLoss(bundle, bundle.settings.iterative.beta).to_parameters(state).numpy()


def test_another_beta_needs_no_other_graph(small_bundle: "Bundle", small_faces: "Faces") -> None:
    """The rule of `Step`'s docstring, against `iterate` with that beta."""
    wanted = IterativeSettings(iterations=4, learning_rate=20.0, beta=30.0)
    ratio, n_c = wanted.beta / small_bundle.settings.iterative.beta, small_bundle.schema.n_c
    faces = torch.from_numpy(small_faces.images[:1])
    with torch.no_grad():
        identity, content = small_bundle.similarity.describe(faces)
    step, state = Step(small_bundle), average_state(small_bundle, 1)
    for learning_rate in wanted.learning_rates():
        moved, _ = step(state, identity, content, torch.tensor([learning_rate]))
        moved[:, n_c:] = state[:, n_c:] + ratio**2 * (moved[:, n_c:] - state[:, n_c:])
        state = moved
    expected = iterate(small_bundle, faces, wanted).parameters
    np.testing.assert_allclose(step_parameters(small_bundle, state), expected, atol=1e-4)
    plain = iterate(small_bundle, faces, IterativeSettings(iterations=4, learning_rate=20.0)).parameters
    assert np.abs(plain - expected).max() > 1e-2, "beta makes no difference here"
