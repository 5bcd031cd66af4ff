"""The graphs of a bundle: their names and shapes, and their results in PyTorch."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.graphs import bundle_graphs  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.alignment.sample_faces import Faces
    from f2p_deploy.model.bundle import Bundle


NUMBERS = ("learning_rate", "momentum", "beta", "discrete_rate")


def test_names_and_shapes(small_bundle: "Bundle") -> None:
    graphs = {graph.name: graph for graph in bundle_graphs(small_bundle, batch=2)}
    shapes = {
        name: [{spec.name: spec.shape for spec in side} for side in (graph.inputs, graph.outputs)]
        for name, graph in graphs.items()
    }
    face, n = (2, 3, 128, 128), small_bundle.schema.n
    assert shapes["one_shot"] == [{"face": face}, {"parameters": (2, n)}]
    assert shapes["render"] == [{"parameters": (2, n)}, {"image": face}]
    assert shapes["describe"][0] == {"face": face}
    assert shapes["describe"][1]["identity"] == (2, 256)
    assert shapes["describe"][1]["content"][0] == 2 and len(shapes["describe"][1]["content"]) == 4
    described = shapes["describe"][1]
    assert shapes["step"] == [
        {"state": (2, n), "before": (2, n), **described, "locked": (n,), **dict.fromkeys(NUMBERS, (1,))},
        {"next_state": (2, n), "loss": (2,), "lookahead": (2, n)},
    ]
    assert {spec.dtype for graph in graphs.values() for spec in (*graph.inputs, *graph.outputs)} == {"float32"}


def test_describe_is_the_similaritys(small_bundle: "Bundle", small_faces: "Faces") -> None:
    describe = {graph.name: graph for graph in bundle_graphs(small_bundle)}["describe"]
    face = small_faces.images[:1]
    identity, content = small_bundle.similarity.describe(torch.from_numpy(face))
    outputs = describe.compute({"face": face})
    assert np.array_equal(outputs["identity"], identity.numpy())
    assert np.array_equal(outputs["content"], content.numpy())


def test_content_by_class_says_so(fast_bundle: "Bundle") -> None:
    shapes = []
    for weighting in ("face", "class"):
        similarity = replace(fast_bundle.settings.similarity, features="conv_5", weighting=weighting)
        changed = replace(fast_bundle, settings=replace(fast_bundle.settings, similarity=similarity))
        describe = {graph.name: graph for graph in bundle_graphs(changed, names=("describe",))}["describe"]
        shapes.append(describe.outputs[1].shape)
    assert shapes[1] == (1, 9 * shapes[0][1], *shapes[0][2:])
    assert "all of them for each class: skin, left-brow, " in describe.outputs[1].meaning


def test_a_batch_below_one(small_bundle: "Bundle") -> None:
    with pytest.raises(InputError, match="batch size must be at least 1, found 0"):
        bundle_graphs(small_bundle, batch=0)
