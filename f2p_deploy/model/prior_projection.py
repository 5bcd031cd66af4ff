"""The priors' subspace as a module (section 3.5)."""

import torch
from torch import nn

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.training_line import no_part_yet
from f2p_deploy.system.errors import InputError


class PriorProjection(nn.Module):
    """The projection of controllers onto the priors' subspace (eqs. 11 and 12 as one matrix product).

    Discrete groups pass unchanged.

    Raises:
        InputError: the bundle has no priors.
    """

    mean: torch.Tensor
    projection: torch.Tensor
    covariance: torch.Tensor

    def __init__(self, bundle: Bundle) -> None:
        super().__init__()
        if bundle.priors is None:
            raise InputError(no_part_yet(bundle.path, "priors"))
        matrices = bundle.priors.as_matrices()
        self.register_buffer("mean", torch.from_numpy(matrices.mean))
        self.register_buffer("projection", torch.from_numpy(matrices.projection @ matrices.basis.T))
        self.register_buffer("covariance", torch.from_numpy(matrices.basis @ matrices.basis.T))

    def forward(self, parameters: torch.Tensor) -> torch.Tensor:
        """Return (N, n) parameters whose controllers lie in the subspace; they may leave [0, 1]."""
        n_c = self.mean.shape[0]
        controllers = (parameters[:, :n_c] - self.mean) @ self.projection + self.mean
        return torch.cat([controllers, parameters[:, n_c:]], dim=1)

    def descent(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return the (N, n) direction in which parameters move when the coordinates u of eq. 11 descend a gradient.

        With x = B u + m, the step u <- u - mu dL/du is x <- x - mu B B^T dL/dx. It is long only in directions in which
        faces vary.

        Args:
            gradient: (N, n) with regard to parameters; discrete groups pass unchanged.
        """
        n_c = self.mean.shape[0]
        return torch.cat([gradient[:, :n_c] @ self.covariance, gradient[:, n_c:]], dim=1)
