"""What embeddings tell about parameters: a linear readout, every picture predicted from the others.

Ridge regression whose leave-one-out predictions follow from one decomposition (the PRESS statistic, Allen 1974). It
says how much of the parameters a translator could find in the embeddings it is given; only what lies beyond it is the
translator's own fault.
"""

from dataclasses import dataclass

import numpy as np

from f2p_deploy.character.schema import Schema

#: Ridge penalties that are tried, in units of the embeddings' largest variance; smaller ones measure rounding.
PENALTIES = np.geomspace(1e-5, 1e3, 25)


@dataclass(frozen=True)
class ParameterError:
    """How far made parameters are from known ones.

    Args:
        controllers: mean absolute error, in [0, 1].
        groups: by discrete group, the share of pictures whose option is wrong.
    """

    controllers: float
    groups: dict[str, float]

    @property
    def wrong_choices(self) -> float:
        """Mean share of wrong options over the discrete groups."""
        return float(np.mean(list(self.groups.values()))) if self.groups else 0.0

    def relative_to(self, usual: "ParameterError") -> float:
        """Return the error in units of another: the mean of controllers' and choices' ratios, 1 meaning as bad."""
        parts = [self.controllers / max(usual.controllers, 1e-9)]
        if self.groups and usual.wrong_choices > 0:
            parts.append(self.wrong_choices / usual.wrong_choices)
        return float(np.mean(parts))


def parameter_error(made: np.ndarray, truth: np.ndarray, schema: Schema) -> ParameterError:
    """Compare (N, n) parameters with the true ones; a group's choice is its largest entry."""
    n_c = schema.n_c
    groups = {
        name: float(np.mean(made[:, part].argmax(axis=1) != truth[:, part].argmax(axis=1)))
        for name, part in schema.discrete_slices.items()
    }
    return ParameterError(float(np.abs(made[:, :n_c] - truth[:, :n_c]).mean()), groups)


def read_out(embeddings: np.ndarray, parameters: np.ndarray, n_c: int) -> np.ndarray:
    """Return (N, n) parameters, each row predicted linearly from its embedding by all the other rows.

    Args:
        embeddings: (N, d), N at least 3.
        parameters: (N, n) known ones.
        n_c: number of controllers; these and the discrete groups get a penalty each.
    """
    parts = [leave_one_out(embeddings, columns) for columns in np.split(parameters, [n_c], axis=1) if columns.size]
    made = np.concatenate(parts, axis=1)
    made[:, :n_c] = made[:, :n_c].clip(0.0, 1.0)
    return made


def leave_one_out(inputs: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Return (N, k) ridge predictions of outputs (N, k) from inputs (N, d), each row left out of its own fit.

    The penalty is the one with the smallest error over all rows.
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
