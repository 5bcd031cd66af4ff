"""Characters that weights are fitted to: mixed, with their groups whole."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnxsim")

from f2p_deploy.character.schema import Schema  # noqa: E402
from f2p_deploy.export.palette.palette_sources import crossed  # noqa: E402
from f2p_deploy.model.bundle import Bundle  # noqa: E402


def test_crossed_characters_keep_their_groups_whole(small_bundle: Bundle) -> None:
    schema: Schema = small_bundle.schema
    random = np.random.default_rng(0)
    characters = random.random((5, schema.n), np.float32)
    found = crossed(characters, schema, 40)
    assert found.shape == (40, schema.n) and found.dtype == np.float32
    for place in schema.discrete_slices.values():
        rows = {row.tobytes() for row in characters[:, place]}
        assert all(row.tobytes() in rows for row in found[:, place])
    assert any(len({int(np.argmax(row[i] == characters[:, i])) for i in range(schema.n_c)}) > 1 for row in found)
