"""The entries of a state that are read from the photo, and not searched."""

import numpy as np

from f2p_deploy.character.schema import Schema


def read_controllers(schema: Schema) -> tuple[int, ...]:
    """Return the positions of the controllers that a reader predicts: those tagged as age and sex."""
    return tuple(schema.controller_index[schema.tags[role]] for role in ("age", "sex") if role in schema.tags)


def held_entries(schema: Schema) -> np.ndarray:
    """Return (n,) bool: the entries that a search through a surrogate keeps at the values read from the photo.

    These are the options and the controllers of age and sex. Asymmetric controllers are also held, at their defaults: a
    descriptor averaged over a face and its mirror image cannot tell left from right.
    """
    held = np.ones(schema.n, bool)
    held[: schema.n_c] = [controller.asymmetric for controller in schema.controllers]
    held[list(read_controllers(schema))] = True
    return held
