"""The usual alternatives: eager PyTorch, torch.compile, CUDA graphs, and a default ONNX export and session."""

import logging
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch

from f2p_deploy.artifact.parity import SearchResults
from f2p_deploy.evaluation.speed.bench_case import BenchCase, Outputs, Prepared, hybrid, search
from f2p_deploy.evaluation.speed.request import SEARCHES
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.gradient_step import Step
from f2p_deploy.model.graphs import BundleGraph, bundle_graphs
from f2p_deploy.model.result import Trajectory
from f2p_deploy.model.search_loss import search_loss
from f2p_deploy.system.causes import SAID
from f2p_deploy.system.errors import CompilerError, MissingDependency
from f2p_deploy.system.quiet import quiet

__all__ = ["Trajectory", "captured", "compiled", "eager", "naive", "why_not_captured", "why_not_naive", "why_not_whole"]


def eager(case: BenchCase) -> Prepared:
    """Prepare eager PyTorch in float32: the module for a graph, for a search the plain loop over exact steps.

    Raises:
        MissingDependency: a hybrid on a GPU, which the plain loop does not do.
    """
    if case.mode in SEARCHES:
        whole = SEARCHES[case.mode][0] == "hybrid"
        if whole and case.device != "cpu":
            raise MissingDependency("the plain loop computes a hybrid on the CPU")
        run = partial(hybrid, case.bundle, case.pictures) if whole else partial(search, case.here, case.faces)
        step = None if case.reference else case.graph.compute
        return Prepared(run, lambda found: found, _plain(case), _device(case), step)
    module, given = _module(case), _given(case)

    def call() -> Any:
        with torch.no_grad():
            return _waited(module(*given), case)

    return Prepared(call, _reader(case.graph), _plain(case), _device(case))


def compiled(case: BenchCase) -> Prepared:
    """Prepare torch.compile of the graph or, for a search, of the loss with its gradient."""
    import torch._inductor.config as inductor

    torch._dynamo.reset()
    inductor.compile_threads = 1  # worker processes would persist and take a core from all contenders
    if case.mode == "iterative":
        return _compiled_search(case)
    module, given = torch.compile(_module(case)), _given(case)

    def call() -> Any:
        with torch.no_grad():
            return _waited(module(*given), case)

    return Prepared(call, _reader(case.graph), _plain(case), _device(case))


def naive(case: BenchCase) -> Prepared:
    """Prepare `torch.onnx.export` of the module in ONNX Runtime's default session."""
    import onnxruntime

    module = case.graph.module if case.mode != "iterative" else Step(case.bundle).eval()
    given = {spec.name: case.inputs[spec.name] for spec in case.graph.inputs if spec.name in case.inputs}
    if case.mode == "iterative":
        given = dict(case.first_step)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "naive.onnx"
        try:
            with quiet("torch.onnx", "torch.export", "onnxscript", "onnx_ir", level=logging.CRITICAL):
                tensors = tuple(map(torch.from_numpy, given.values()))
                torch.onnx.export(module, tensors, path, input_names=list(given), verbose=False)
        except Exception as error:  # an exporter may fail in any way; the row says which
            raise CompilerError(f"torch.onnx.export of PyTorch {torch.__version__} failed; {SAID}") from error
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        if case.threads:
            options.intra_op_num_threads = case.threads
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [spec.name for spec in case.graph.outputs]
    return Prepared(
        lambda: session.run(None, given),
        lambda found: dict(zip(names, found, strict=True)),
        "fp32",
        f"onnxruntime {onnxruntime.__version__}, CPU",
    )


def why_not_naive(case: BenchCase) -> str:
    """Return the reason for skipping the naive export; empty on a CPU."""
    return why_not_whole(case) or ("" if case.device == "cpu" else "its default session computes on the CPU")


def why_not_whole(case: BenchCase) -> str:
    """Return the reason for skipping the searches that only this project has; empty for the other modes."""
    return f"only runtimes compute {case.mode}" if case.mode in SEARCHES and case.mode != "iterative" else ""


def why_not_captured(case: BenchCase) -> str:
    """Return the reason why no CUDA graph can be captured; empty on a GPU."""
    reason = "" if case.device == "cuda" else "a CUDA graph needs an NVIDIA card that PyTorch can use"
    return why_not_whole(case) or reason


def captured(precision: str) -> Callable[[BenchCase], Prepared]:
    """Return the preparation of PyTorch in a CUDA graph: one launch per call; inputs and outputs stay on the GPU."""

    def prepare(case: BenchCase) -> Prepared:
        return _captured_search(case, precision) if case.mode == "iterative" else _captured_graph(case, precision)

    return prepare


_DTYPES = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}


def _captured_search(case: BenchCase, precision: str) -> Prepared:
    from f2p_deploy.model.captured_search import CapturedSearch

    replay = CapturedSearch(case.bundle, case.batch, device=case.device, dtype=_DTYPES[precision], strict=True)
    faces = case.faces.images
    return Prepared(
        lambda: replay.iterate(faces), lambda t: SearchResults(t.parameters, t.losses.T), precision, _device(case)
    )


def _captured_graph(case: BenchCase, precision: str) -> Prepared:
    from f2p_deploy.model.captured_search import computing_in, full_float32, made_for_speed

    dtype, device = getattr(torch, _DTYPES[precision]), torch.device(case.device)
    module, given = made_for_speed(case.graph.module, dtype, device), _given(case)

    def compute() -> Any:
        with torch.no_grad(), full_float32(), computing_in(dtype, device):
            return module(*given)

    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            compute()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        outputs = compute()

    def call() -> Any:
        graph.replay()
        return _waited(outputs, case)

    return Prepared(call, _reader(case.graph), precision, _device(case))


def _compiled_search(case: BenchCase) -> Prepared:
    """Prepare the plain loop over a compiled loss."""
    loss_of = search_loss(case.here, case.bundle.settings.iterative.beta).eval().to(case.device)
    compiled_loss = cast(torch.nn.Module, torch.compile(loss_of))
    return Prepared(
        lambda: search(case.here, case.faces, loss_of=compiled_loss),
        lambda found: found,
        _plain(case),
        _device(case),
    )


def _plain(case: BenchCase) -> str:
    """Return the precision of float32 operations: on a GPU, PyTorch's default computes convolutions in TF32."""
    return "tf32" if case.device == "cuda" and torch.backends.cudnn.allow_tf32 else "fp32"


def _module(case: BenchCase) -> torch.nn.Module:
    """Return the mode's module on PyTorch's device; a copy for a GPU, since other contenders use it on the CPU."""
    if case.device == "cpu":
        return case.graph.module
    graphs = {graph.name: graph for graph in bundle_graphs(_copy(case.bundle), case.batch)}
    return graphs[case.graph.name].module.to(case.device)


def _copy(bundle: Bundle) -> Bundle:
    from f2p_deploy.model.bundle import load_bundle

    return load_bundle(bundle.path)


def _given(case: BenchCase) -> list[torch.Tensor]:
    return [torch.from_numpy(case.inputs[spec.name]).to(case.device) for spec in case.graph.inputs]


def _waited(outputs: Any, case: BenchCase) -> Any:
    """Return outputs after they are computed; a GPU computes asynchronously."""
    if case.device == "cuda":
        torch.cuda.synchronize()
    return outputs


def _reader(graph: BundleGraph) -> Callable[[Any], Outputs]:
    def read(outputs: Any) -> Outputs:
        tensors = (outputs,) if isinstance(outputs, torch.Tensor) else outputs
        names = [spec.name for spec in graph.outputs]
        return {name: tensor.float().cpu().numpy() for name, tensor in zip(names, tensors, strict=True)}

    return read


def _device(case: BenchCase) -> str:
    if case.device == "cuda":
        return f"torch {torch.__version__}, {torch.cuda.get_device_name()}"
    return f"torch {torch.__version__}, CPU"


def require_device(device: str) -> str:
    """Return `cpu` or `cuda` for `auto`, `cpu` or `cuda`.

    Raises:
        MissingDependency: `cuda` without a GPU that PyTorch can use.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise MissingDependency(
            f"--device cuda was asked for, but torch {torch.__version__} can use no NVIDIA card here: "
            "see f2p-deploy doctor"
        )
    return device if device != "auto" else ("cuda" if torch.cuda.is_available() else "cpu")
