"""ONNX Runtime: the runtime of the base install, on any machine."""

import logging
import threading
from typing import Any, ClassVar

import numpy as np

from f2p_deploy.artifact.artifact import Artifact, TensorSpec
from f2p_deploy.artifact.onnx_file import load_failures
from f2p_deploy.runtimes.base import Runtime, register_runtime
from f2p_deploy.system.causes import SAID
from f2p_deploy.system.errors import CompilerError, MissingDependency
from f2p_deploy.system.extras import package_line
from f2p_deploy.system.names import require_utf8
from f2p_deploy.system.threads import default_threads

logger = logging.getLogger(__name__)

#: Silent but for errors: everything worth telling is told by this package.
LOG_ERRORS = 3


@register_runtime("onnxruntime", "ONNX Runtime on the processor", suffixes=(".onnx",), module="onnxruntime")
class OnnxRuntime(Runtime):
    """ONNX Runtime on the CPU. A graph is loaded when it is first used; its calls run side by side in one session."""

    provider: ClassVar[str] = "CPUExecutionProvider"

    @classmethod
    def why_not_here(cls) -> str:
        """Return why this machine cannot run it: not installed, or built without the provider."""
        reason = super().why_not_here()
        if reason:
            return reason
        import onnxruntime

        available = onnxruntime.get_available_providers()
        if cls.provider in available:
            return ""
        return (
            f"the installed onnxruntime {onnxruntime.__version__} has no {cls.provider}, only {', '.join(available)}: "
            f"pip uninstall onnxruntime, then {package_line('onnxruntime-gpu')}"
        )

    def describe_device(self) -> str:
        """Return the version and the provider."""
        import onnxruntime

        return f"onnxruntime {onnxruntime.__version__}, {self.provider.removesuffix('ExecutionProvider')}"

    def _load(self, graph: str) -> Any:
        return open_session(str(self.artifact.path(graph)), self.provider, self.threads)

    def _compute(self, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return _run(self._loaded(graph), inputs)


def _run(session: Any, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


@register_runtime("onnxruntime-cuda", "ONNX Runtime on an NVIDIA card", suffixes=(".onnx",), module="onnxruntime")
class OnnxRuntimeCuda(OnnxRuntime):
    """ONNX Runtime on an NVIDIA card; needs the package `onnxruntime-gpu` in place of `onnxruntime`.

    Each graph is captured in a CUDA graph where ONNX Runtime allows that, which it does if all of it runs on the card;
    inputs and outputs then lie in memory that stays the same, so calls wait for one another.
    """

    provider = "CUDAExecutionProvider"
    on_card = True

    def __init__(self, artifact: Artifact, threads: int | None = None, device: int = 0) -> None:
        super().__init__(artifact, threads, device)
        # Bound memory is everybody's, and a card that is being captured bears nobody who loads.
        self._lock = threading.Lock()

    def _load(self, graph: str) -> Any:
        """Return a session, and what is bound to it; None where it runs without a CUDA graph."""
        model, options = str(self.artifact.path(graph)), session_options(self.threads)
        # Float32 is to be float32: without TF32, which half precision is faster than anyway.
        settings = {"device_id": str(self.device), "use_tf32": "0"}
        with self._lock:
            try:
                captured = {**settings, "enable_cuda_graph": "1"}
                session = opened(model, options, self.provider, [(self.provider, captured)])
                return session, self._bind(graph, session)
            except CompilerError as error:
                logger.warning("%s runs without a CUDA graph: %s", graph, error)
                plain = session_options(self.threads)
                return opened(model, plain, self.provider, [(self.provider, settings)]), None

    def _compute(self, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        session, bound = self._loaded(graph)
        with self._lock:
            if bound is None:
                return _run(session, inputs)
            binding, given, found = bound
            for name, value in inputs.items():
                given[name].update_inplace(value)
            session.run_with_iobinding(binding)
            return {name: value.numpy() for name, value in found.items()}

    def _bind(self, graph: str, session: Any) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        """Return a binding of memory on the card, and that memory, of inputs and of outputs, by tensor name."""
        import onnxruntime

        entry = self.artifact.manifest.graphs[graph]
        binding = session.io_binding()

        def memory(spec: TensorSpec) -> Any:
            return onnxruntime.OrtValue.ortvalue_from_shape_and_type(spec.shape, np.float32, "cuda", self.device)

        given = {spec.name: memory(spec) for spec in entry.inputs}
        found = {spec.name: memory(spec) for spec in entry.outputs}
        for name, value in given.items():
            binding.bind_ortvalue_input(name, value)
        for name, value in found.items():
            binding.bind_ortvalue_output(name, value)
        return binding, given, found


def open_session(model: str | bytes, provider: str = OnnxRuntime.provider, threads: int | None = None) -> Any:
    """Open a deterministic session on exactly the provider that was asked for.

    Args:
        model: path of an `.onnx` file, or its content.
        provider: ONNX Runtime's name of an execution provider.
        threads: threads within one operator; `default_threads` if None, and without that the physical cores.

    Returns:
        An `onnxruntime.InferenceSession`.

    Raises:
        MissingDependency: ONNX Runtime fell back to another provider.
        CompilerError: ONNX Runtime cannot load the model.
    """
    return opened(model, session_options(threads), provider, [provider])


def session_options(threads: int | None) -> Any:
    """Return options of a deterministic session that says nothing but errors."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or default_threads() or 0
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = LOG_ERRORS
    return options


def opened(model: str | bytes, options: Any, provider: str, providers: list[Any] | None) -> Any:
    """Return a session if it uses the provider that was asked for; see `open_session`.

    Args:
        model: path of an `.onnx` file, or its content.
        options: of the session.
        provider: what must be used.
        providers: what is asked for; None where the options name it.
    """
    import onnxruntime
    if isinstance(model, str):
        require_utf8(model, "ONNX Runtime")
    # ONNX Runtime appends the CPU by itself, so a list of one provider is no promise that it is used.
    try:
        session = onnxruntime.InferenceSession(model, options, providers=providers)
    except load_failures() as error:
        shown = model if isinstance(model, str) else "the model"
        raise CompilerError(f"onnxruntime {onnxruntime.__version__} cannot load {shown}; {SAID}") from error
    used = session.get_providers()[0]
    if used != provider:
        raise MissingDependency(
            f"asked ONNX Runtime for {provider}, it fell back to {used}: that provider's libraries did not load"
        )
    return session
