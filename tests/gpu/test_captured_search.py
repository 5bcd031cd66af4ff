"""The search as one CUDA graph: captured, the plain loop's answers, and other faces in the same graph."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.alignment.sample_faces import Faces  # noqa: E402
from f2p_deploy.artifact.parity import FLOORS  # noqa: E402
from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.model.captured_search import CapturedSearch  # noqa: E402
from f2p_deploy.model.reference import reference_iterate  # noqa: E402
from f2p_deploy.model.settings import IterativeSettings  # noqa: E402
from f2p_deploy.model.state import first_state  # noqa: E402
from f2p_deploy.system.errors import MissingDependency  # noqa: E402

PLAIN = IterativeSettings(iterations=4, learning_rate=5.0, beta=3.0)


pytestmark = pytest.mark.usefixtures("full_float32")


@pytest.mark.parametrize("momentum", [0.0, 0.6])
def test_it_is_captured_and_is_the_plain_loop(small_bundle: Bundle, small_faces: Faces, momentum: float) -> None:
    settings = replace(PLAIN, momentum=momentum, keep_best=momentum > 0)
    search = CapturedSearch(small_bundle, 2, settings, strict=True)
    for rows in (slice(0, 2), slice(2, 4), slice(0, 2)):
        faces = small_faces.images[rows]
        found, expected = search.iterate(faces), reference_iterate(small_bundle, torch.from_numpy(faces), settings)
        assert search.captured and search.why_not_captured == ""
        np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-3)
        np.testing.assert_allclose(found.parameters, expected.parameters, atol=1e-2)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(small_bundle: Bundle, small_faces: Faces, dtype: str) -> None:
    search = CapturedSearch(small_bundle, 1, PLAIN, dtype=dtype, strict=True)
    found = search.iterate(small_faces.images[:1])
    expected = reference_iterate(small_bundle, torch.from_numpy(small_faces.images[:1]), PLAIN)
    floor = FLOORS["fp16"].loss * (8 if dtype == "bfloat16" else 1)
    np.testing.assert_allclose(found.losses[0], expected.losses[0], rtol=floor)
    assert np.isfinite(found.losses).all() and search.captured


def test_locks_need_no_other_graph(small_bundle: Bundle, small_faces: Faces) -> None:
    search = CapturedSearch(small_bundle, 1, PLAIN, strict=True)
    free = search.iterate(small_faces.images[:1])
    graph = search._graph
    start, locked = first_state(small_bundle, 1), torch.zeros(small_bundle.schema.n, dtype=torch.bool)
    start[:, 0], locked[0] = 0.9, True
    held = search.iterate(small_faces.images[:1], start, locked)
    assert held.parameters[0, 0] == pytest.approx(0.9) and search._graph is graph
    np.testing.assert_allclose(search.iterate(small_faces.images[:1]).losses, free.losses, rtol=1e-4)


def test_compiled_it_is_the_plain_loop(small_bundle: Bundle, small_faces: Faces) -> None:
    search = CapturedSearch(small_bundle, 1, replace(PLAIN, iterations=2), compile=True, strict=True)
    found = search.iterate(small_faces.images[:1])
    expected = reference_iterate(small_bundle, torch.from_numpy(small_faces.images[:1]), replace(PLAIN, iterations=2))
    assert search.captured
    np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-3)


def test_two_searches_at_once(small_bundle: Bundle, small_faces: Faces) -> None:
    one, two = CapturedSearch(small_bundle, 1, PLAIN), CapturedSearch(small_bundle, 2, PLAIN)
    alone = one.iterate(small_faces.images[:1])
    two.iterate(small_faces.images[:2])
    np.testing.assert_allclose(one.iterate(small_faces.images[:1]).losses, alone.losses, rtol=1e-4)


def test_too_little_memory_is_one_sentence(small_bundle: Bundle) -> None:
    with pytest.raises(MissingDependency, match="does not fit on .*GiB are free. Take a smaller batch"):
        CapturedSearch(small_bundle, 10_000_000)
