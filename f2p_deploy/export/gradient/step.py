"""The gradient step of iterative generation as an ordinary graph, with its gradient as inference operators."""

import torch

from f2p_deploy.export.gradient.lower_gradient import lower_gradient
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.gradient_step import Step
from f2p_deploy.model.search_loss import describer, search_loss
from f2p_deploy.model.state import average_state


def lowered_step(bundle: Bundle, batch: int = 1, loss_scale: float = 1.0, fast: bool = False) -> Step:
    """Return the step with its gradient as inference operators.

    Args:
        bundle: a complete bundle; only the translator may be missing.
        batch: the static batch size N.
        loss_scale: factor of the gradient during the backward pass; the update divides by it.
        fast: through the bundle's shortcut, for `step_fast`.

    Raises:
        CompilerError: a setting of the bundle needs an operator that no rule lowers.
    """
    loss = search_loss(bundle, bundle.settings.iterative.beta, fast).eval()
    size = bundle.settings.architecture.image_size
    with torch.no_grad():
        identity, content = describer(bundle)(torch.full((batch, 3, size, size), 0.5))
    inputs = [average_state(bundle, batch), identity, content]
    if bundle.schema.discrete_groups:
        inputs.append(torch.tensor([bundle.settings.iterative.beta]))
    return Step(bundle, lower_gradient(loss, inputs, scale=loss_scale), loss_scale, fast).eval()
