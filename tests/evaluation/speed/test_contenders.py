"""The contenders of a benchmark: which there are, in which order, and why one cannot run."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnxsim")

from f2p_deploy.artifact.artifact import Artifact, read_artifact  # noqa: E402
from f2p_deploy.evaluation.speed.contenders import PEERS, contenders_for, require_here  # noqa: E402
from f2p_deploy.evaluation.speed.request import CONTENDERS  # noqa: E402
from f2p_deploy.runtimes import RUNTIMES  # noqa: E402
from f2p_deploy.system.errors import InputError, MissingDependency  # noqa: E402


@pytest.fixture
def artifact(small_artifact: Path) -> Artifact:
    return read_artifact(small_artifact)


def test_the_baseline_comes_first_then_runtimes_then_the_other_peers(artifact: Artifact) -> None:
    names = [contender.name for contender in contenders_for((artifact,), ())]
    of_onnx = [name for name, kind in RUNTIMES.items() if ".onnx" in kind.suffixes]
    assert {"onnxruntime", "openvino"} <= set(of_onnx)
    assert names == ["torch", *of_onnx, *(peer.name for peer in PEERS[1:])]
    assert set(names) <= set(CONTENDERS) and len(set(CONTENDERS)) == len(CONTENDERS)
    assert [peer.name for peer in PEERS] == list(CONTENDERS[: len(PEERS)])


def test_only_those_named_and_the_baseline(artifact: Artifact) -> None:
    both = contenders_for((artifact,), ("onnx-naive", "openvino"))
    assert [contender.name for contender in both] == ["torch", "openvino", "onnx-naive"]
    assert [contender.name for contender in contenders_for((), ("torch.compile",))] == ["torch", "torch.compile"]
    sentence = f"'coreml' runs none of the artifacts ({artifact.folder}): --artifact names one of .mlpackage files"
    with pytest.raises(InputError, match=re.escape(sentence)):
        contenders_for((artifact,), ("coreml",))


def test_names_are_checked_before_anything_is_loaded() -> None:
    require_here(("torch", "onnx-naive", "torch.compile", "onnxruntime"))
    with pytest.raises(InputError, match="no runtime named 'onnxruntme'. Did you mean 'onnxruntime'"):
        require_here(("torch", "onnxruntme"))
    absent = next((name for name, kind in RUNTIMES.items() if kind.why_not_here()), None)
    if absent is not None:
        reason = RUNTIMES[absent].why_not_here()
        with pytest.raises(MissingDependency, match=re.escape(f"the runtime {absent!r} cannot run here: {reason}")):
            require_here((absent,))


def test_an_artifact_that_does_not_fit_the_case_says_why(artifact: Artifact, case_of: Callable) -> None:
    contender = contenders_for((artifact,), ("onnxruntime",))[1]
    case = case_of("render", artifacts=(artifact,))
    assert contender.why_not(case) == ""
    assert contender.why_not(replace(case, artifacts=())) == f"{artifact.folder} was exported for batches of 1"
    graphs = {name: entry for name, entry in artifact.manifest.graphs.items() if name != "render"}
    without = replace(artifact, manifest=replace(artifact.manifest, graphs=graphs))
    second = contenders_for((without,), ("onnxruntime",))[1]
    assert second.why_not(replace(case, artifacts=(without,))) == f"{artifact.folder} has no graph render"


@pytest.mark.parametrize("mode", ["one-shot", "iterative"])
def test_a_runtime_computes_the_case(artifact: Artifact, case_of: Callable, mode: str) -> None:
    case = case_of(mode, artifacts=(artifact,))
    prepared = contenders_for((artifact,), ("onnxruntime",))[1].prepare(case)
    verdict = case.judge(prepared.read(prepared.call()), prepared.precision, prepared.step)
    assert verdict["passed"] and prepared.precision == "fp32" and "onnxruntime" in prepared.device.lower()
    assert (prepared.step is not None) is (mode == "iterative")
