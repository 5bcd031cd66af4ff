"""A linear readout of parameters from embeddings, by leave-one-out ridge regression.

All leave-one-out predictions follow from one decomposition (the PRESS statistic, Allen 1974). The readout measures how
much of the parameters a translator could find in its embeddings; only a larger error is the translator's fault.
"""

from dataclasses import dataclass

import numpy as np

from f2p_deploy.character.schema import Schema

#: Tried ridge penalties, in units of the embeddings' largest variance; smaller ones fit rounding errors.
PENALTIES = np.geomspace(1e-5, 1e3, 25)


@dataclass(frozen=True)
class ParameterError:
    """The error of predicted parameters.

    Args:
        controllers: mean absolute error, in [0, 1].
        groups: share of pictures with a wrong option, by discrete group.
    """

    controllers: float
    groups: dict[str, float]

    @property
    def wrong_choices(self) -> float:
        """Mean share of wrong options over the discrete groups."""
        return float(np.mean(list(self.groups.values()))) if self.groups else 0.0

    def relative_to(self, usual: "ParameterError") -> float:
        """Return the mean of (error / other error) of controllers and choices; 1 is equally bad."""
        parts = [self.controllers / max(usual.controllers, 1e-9)]
        if self.groups and usual.wrong_choices > 0:
            parts.append(self.wrong_choices / usual.wrong_choices)
        return float(np.mean(parts))


def parameter_error(made: np.ndarray, truth: np.ndarray, schema: Schema) -> ParameterError:
    """Compare (N, n) predicted parameters with the true ones; a group's option is its largest entry."""
    n_c = schema.n_c
    groups = {
        name: float(np.mean(made[:, part].argmax(axis=1) != truth[:, part].argmax(axis=1)))
        for name, part in schema.discrete_slices.items()
    }
    return ParameterError(float(np.abs(made[:, :n_c] - truth[:, :n_c]).mean()), groups)


def read_out(embeddings: np.ndarray, parameters: np.ndarray, n_c: int) -> np.ndarray:
    """Return (N, n) parameters, each row predicted from its embedding by a linear fit to all other rows.

    Args:
        embeddings: (N, d), N at least 3.
        parameters: (N, n) true parameters.
        n_c: number of controllers; controllers and discrete groups have separate penalties.
    """
    parts = [leave_one_out(embeddings, columns) for columns in np.split(parameters, [n_c], axis=1) if columns.size]
    made = np.concatenate(parts, axis=1)
    made[:, :n_c] = made[:, :n_c].clip(0.0, 1.0)
    return made


def leave_one_out(inputs: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Return leave-one-out ridge predictions of (N, k) outputs from (N, d) inputs.

    Of `PENALTIES`, the one with the smallest leave-one-out error over all rows is used.
    """
    centred = np.asarray(inputs, np.float64) - inputs.mean(axis=0)
    deviation = centred.std(axis=0)
    centred = centred / np.where(deviation > 1e-12, deviation, 1.0)
    target = np.asarray(outputs, np.float64)
    mean = target.mean(axis=0)
    left, scales, _ = np.linalg.svd(centred, full_matrices=False)
    projected = left.T @ (target - mean)
    best, smallest = np.empty_like(target), np.inf
    for penalty in PENALTIES * max(float(scales[0]) ** 2, 1e-12):
        shrink = scales**2 / (scales**2 + penalty)
        fitted = mean + left @ (shrink[:, None] * projected)
        leverage = 1.0 / len(target) + (left**2) @ shrink
        residual = (target - fitted) / np.maximum(1.0 - leverage, 1e-12)[:, None]
        error = float(np.square(residual).mean())
        if error < smallest:
            best, smallest = target - residual, error
    return best
