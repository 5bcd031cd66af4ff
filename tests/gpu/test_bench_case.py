"""A benchmark's searches on a card: the same as on the processor, whatever the bundle searches through."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.evaluation.speed.bench_case import moved, search  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.alignment.sample_faces import Faces


@pytest.mark.usefixtures("full_float32")
@pytest.mark.parametrize("kind", ["small_bundle", "surrogate_bundle"])
def test_a_search_runs_where_the_networks_are(
    kind: str, small_faces: "Faces", request: pytest.FixtureRequest
) -> None:
    bundle = request.getfixturevalue(kind)
    here, there = search(bundle, small_faces), search(moved(bundle, "cuda"), small_faces)
    np.testing.assert_allclose(there.losses[:, 0], here.losses[:, 0], rtol=1e-3)
