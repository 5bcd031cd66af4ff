"""A search through the shortcut is judged by the true networks, and needs a shortcut."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.artifact.artifact import Artifact  # noqa: E402
from f2p_deploy.character.parameters import smooth  # noqa: E402
from f2p_deploy.model.bundle import copy_bundle, store_network  # noqa: E402
from f2p_deploy.runtimes import Runtime, TorchRuntime, fast_search, graph_calls, load, search  # noqa: E402
from f2p_deploy.runtimes.verification import verify  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


def picture(faces: np.ndarray) -> np.ndarray:
    return (faces[0].transpose(1, 2, 0) * 255).round().astype(np.uint8)


def test_a_fast_search_is_judged_by_the_true_networks(fast_bundle: "Bundle", faces: np.ndarray) -> None:
    runtime = TorchRuntime(fast_bundle, batch=2)
    settings = fast_bundle.settings.iterative
    start = search.starting_state(runtime, faces, "iterative")
    fast = search.iterate(runtime, faces, settings, start, fast=True)
    wanted = graph_calls.describe(runtime, faces)
    first = smooth(start, runtime.schema, settings.beta)
    exact = search.iterate(runtime, faces, settings, start)
    np.testing.assert_allclose(fast_search.true_losses(runtime, first, wanted), exact.losses[0], rtol=1e-5)
    np.testing.assert_allclose(fast.losses[0], exact.losses[0], rtol=1e-5)
    np.testing.assert_allclose(fast.losses[-1], fast_search.true_losses(runtime, fast.parameters, wanted), rtol=1e-5)
    assert (fast.losses[-1] <= fast.losses[0]).all() and fast.losses.shape == exact.losses.shape


def test_the_exported_fast_step_passes_and_searches_as_in_pytorch(
    fast_artifact: Artifact, fast_bundle: "Bundle", faces: np.ndarray
) -> None:
    for graph, count in (("step_fast", 4), ("compare_fast", 2)):
        records = [record for record in fast_artifact.manifest.parity if record.graph == graph]
        assert len(records) == count and all(record.passed for record in records)
    verify(fast_artifact.folder, "onnxruntime", 1).measured.require_parity()
    runtime = load(fast_artifact, "onnxruntime", threads=1)
    face = picture(faces)
    through = [search.generate(one, face, "iterative", fast=True) for one in (runtime, TorchRuntime(fast_bundle))]
    np.testing.assert_allclose(through[0].losses, through[1].losses, rtol=1e-3)
    assert search.generate(runtime, face, "iterative").losses == through[0].losses  # the bundle's default
    exact = search.generate(runtime, face, "iterative", fast=False)
    assert exact.losses[0] == pytest.approx(through[0].losses[0], rel=1e-4) and exact.losses != through[0].losses


def test_a_fast_search_needs_a_shortcut(
    runtime: Runtime, small_bundle: "Bundle", surrogate_bundle: "Bundle", faces: np.ndarray
) -> None:
    face = picture(faces)
    with pytest.raises(InputError, match="a fast search needs the graph 'step_fast'"):
        search.generate(runtime, face, "iterative", fast=True)
    with pytest.raises(InputError, match="no shortcut yet: f2p-deploy train shortcut --bundle .* makes it"):
        search.generate(TorchRuntime(small_bundle), face, "iterative", fast=True)
    through = TorchRuntime(surrogate_bundle)
    assert not fast_search.goes_fast(through, True)  # every step through a surrogate is fast
    with pytest.raises(InputError, match="an exact search draws every step, but .* searches through a surrogate"):
        search.generate(through, face, "hybrid", fast=False)


def test_a_shortcut_of_other_networks_is_told_unless_the_user_chose(fast_bundle: "Bundle", tmp_path: Path) -> None:
    from f2p_deploy.model.networks.table import build_network

    assert fast_search.why_exact(TorchRuntime(fast_bundle)) == ""
    copied = copy_bundle(fast_bundle, tmp_path / "copy", "copy")
    fresh = build_network("imitator", copied.schema, copied.settings)
    runtime = TorchRuntime(store_network(copied, "imitator", fresh, {}))
    assert not fast_search.goes_fast(runtime)
    assert "the search is exact, which is slower: the shortcut" in fast_search.why_exact(runtime)
    runtime.fast = False
    assert fast_search.why_exact(runtime) == ""
