"""The source of a target's file: its precision in a target, its manifest entry, and the error without ONNX."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from f2p_deploy.artifact.artifact import TensorSpec
from f2p_deploy.artifact.parity import Precision
from f2p_deploy.export.source import Source
from f2p_deploy.system.errors import CompilerError

FACE = TensorSpec("face", "float32", (1, 3, 4, 4), "an aligned face", 0.0, 1.0)
PARAMETERS = TensorSpec("parameters", "float32", (1, 11), "a character", 0.0, 1.0)


def source(precision: Precision = "fp16", **changes: Any) -> Source:
    graph = SimpleNamespace(name="one_shot", inputs=(FACE,), outputs=(PARAMETERS,), shared=("locked",))
    return Source(cast(Any, graph), changes.pop("model", object()), precision, **changes)


@pytest.mark.parametrize(
    ("own", "target", "rest", "asked"),
    [
        ("int8", "int8", "fp16", "int8"),
        ("fp16", "int8", "fp16", "fp16"),  # a graph that stays float beside others in 8 bits
        ("fp32", "int8", "fp32", "fp32"),
        ("fp32", "fp16", "fp16", "fp16"),  # another precision is an error of the source, which the build then finds
    ],
)
def test_a_target_asks_for_its_own_precision_or_that_of_the_rest(
    own: Precision, target: Precision, rest: Precision, asked: Precision
) -> None:
    assert source(own).asked(target, rest) == asked


def test_the_manifest_entry_is_that_of_the_graph_and_the_built_file() -> None:
    float16 = source(loss_scale=8.0, kept_float32=("norm",))
    entry = float16.entry("one_shot.engine", "fp16", "onnx/one_shot.onnx")
    assert (entry.file, entry.source, entry.precision_asked) == ("one_shot.engine", "onnx/one_shot.onnx", "fp16")
    assert (entry.inputs, entry.outputs, entry.shared) == ((FACE,), (PARAMETERS,), ("locked",))
    assert (entry.precision_found, entry.loss_scale, entry.kept_float32) == ("fp16", 8.0, ("norm",))
    assert float16.entry("one_shot.mlpackage", "fp16", kept=("softmax",)).kept_float32 == ("softmax",)


def test_a_source_of_a_module_has_no_onnx() -> None:
    model = object()
    assert source(model=model).onnx is model
    with pytest.raises(CompilerError, match="one_shot was not exported to ONNX"):
        _ = source(model=None).onnx
