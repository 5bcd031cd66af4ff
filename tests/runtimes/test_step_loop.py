"""The loop pads batches, keeps locked entries, and begins where it is told."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.settings import IterativeSettings  # noqa: E402
from f2p_deploy.runtimes import Runtime, TorchRuntime, search  # noqa: E402
from f2p_deploy.system.errors import FloorMissed, InputError  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

#: Few and small steps, so that rounding does not grow on the way.
GENTLE = IterativeSettings(iterations=4, learning_rate=0.5)


def test_one_face_fills_a_batch(small_bundle: "Bundle", faces: np.ndarray) -> None:
    """With batch size 2, one face is repeated and three faces make two batches; each is computed as if alone."""
    two = TorchRuntime(small_bundle, batch=2)
    settings = replace(GENTLE, iterations=2)
    three = search.iterate(two, np.concatenate([faces, faces[:1]]), settings)
    alone = search.iterate(two, faces[:1], settings)
    assert three.losses.shape == (3, 3) and alone.losses.shape == (3, 1)
    np.testing.assert_allclose(three.losses[:, [0]], alone.losses, rtol=1e-5)
    np.testing.assert_allclose(three.losses[:, [2]], alone.losses, rtol=1e-5)


def test_locked_entries_and_a_start(runtime: Runtime, faces: np.ndarray) -> None:
    start = search.starting_state(runtime, faces, "iterative")
    start[:, 1] = 0.875
    locked = np.zeros(runtime.schema.n, bool)
    locked[1] = True
    found = search.iterate(runtime, faces, replace(GENTLE, learning_rate=50.0), start, locked)
    assert (found.parameters[:, 1] == 0.875).all() and (found.parameters[:, 0] != start[:, 0]).any()
    with pytest.raises(InputError, match=r"2 faces start at \(2, 11\), found \(1, 11\)"):
        search.iterate(runtime, faces, GENTLE, start[:1])


def test_nan_on_the_way_is_refused_at_the_end(
    small_bundle: "Bundle", faces: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = TorchRuntime(small_bundle)
    compute, calls = runtime._compute, []

    def second_fails(graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        outputs = compute(graph, inputs)
        calls.append(graph)
        return outputs | {"loss": outputs["loss"] * np.nan} if calls.count("step") == 2 else outputs

    monkeypatch.setattr(runtime, "_compute", second_fails)
    with pytest.raises(FloorMissed, match="step computed NaN or infinite values in loss"):
        search.iterate(runtime, faces[:1], GENTLE)
