"""An order opens, in another process, what is open here."""

import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING

from f2p_deploy.pipeline.networks_order import networks_order

if TYPE_CHECKING:
    from f2p_deploy.pipeline import ChosenFinder


def test_an_order_opens_the_same_runtime_and_finder(finder_for: "Callable[..., ChosenFinder]") -> None:
    from f2p_deploy.model.bundle import load_bundle
    from f2p_deploy.model.bundle_artifact import artifact_of
    from f2p_deploy.runtimes import load

    runtime, finder = load(artifact_of(load_bundle(None)), "onnxruntime"), finder_for("a.png")
    runtime.fast = False
    order = pickle.loads(pickle.dumps(networks_order(runtime, finder, ["one-shot"], 1)))
    opened, found = order.open()
    assert (opened.identity, opened.threads, opened.fast) == (runtime.identity, 1, False)
    assert found.identity == finder.identity
