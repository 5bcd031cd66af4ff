"""The usual alternatives: each computes what PyTorch does, and says where it cannot run."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.evaluation.speed import peers  # noqa: E402
from f2p_deploy.system.errors import CompilerError, MissingDependency  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


@pytest.mark.parametrize("mode", ["one-shot", "describe", "render"])
def test_eager_pytorch_gives_the_reference_itself(case_of: Callable, mode: str) -> None:
    case = case_of(mode)
    prepared = peers.eager(case)
    answer = prepared.read(prepared.call())
    assert set(answer) == set(case.reference)
    assert all(np.array_equal(answer[name], case.reference[name]) for name in answer)
    assert (prepared.precision, prepared.device) == ("fp32", f"torch {torch.__version__}, CPU")


def test_eager_pytorch_searches_as_the_reference_does(case_of: Callable, surrogate_bundle: "Bundle") -> None:
    case = case_of("iterative", surrogate_bundle)
    prepared = peers.eager(case)
    answer = prepared.read(prepared.call())
    assert np.array_equal(answer.parameters, case.reference[0].parameters)
    assert np.array_equal(answer.losses, case.reference[0].losses)


def test_the_naive_export_computes_the_same_picture(case_of: Callable) -> None:
    pytest.importorskip("onnxscript")
    case = case_of("render")
    prepared = peers.naive(case)
    assert case.judge(prepared.read(prepared.call()), prepared.precision)["passed"]
    assert prepared.device.startswith("onnxruntime ") and prepared.device.endswith(", CPU")


def test_an_export_that_fails_is_one_sentence(case_of: Callable, surrogate_bundle: "Bundle") -> None:
    pytest.importorskip("onnxscript")
    # The plain exporter has no rule for the gradient that a step computes.
    sentence = r"^torch\.onnx\.export of PyTorch \S+ failed; --verbose shows what it said$"
    with pytest.raises(CompilerError, match=sentence):
        peers.naive(case_of("iterative", surrogate_bundle))


def test_each_says_which_device_it_needs(case_of: Callable) -> None:
    here = case_of("render")
    card = replace(here, device="cuda")
    assert peers.why_not_naive(here) == "" and "computes on the CPU" in peers.why_not_naive(card)
    assert peers.why_not_captured(card) == "" and "NVIDIA card" in peers.why_not_captured(here)
    assert peers.require_device("cpu") == "cpu"
    if torch.cuda.is_available():
        assert peers.require_device("auto") == peers.require_device("cuda") == "cuda"
    else:
        assert peers.require_device("auto") == "cpu"
        with pytest.raises(MissingDependency, match="can use no NVIDIA card here: see f2p-deploy doctor"):
            peers.require_device("cuda")
