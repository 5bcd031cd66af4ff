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

#: ONNX Runtime's log level for errors only: what users need to know is logged by this package.
LOG_ERRORS = 3

#: Most samples of one call of a graph for any number of them.
MOST_ROWS = 64


@register_runtime
class OnnxRuntime(Runtime):
    """ONNX Runtime on the CPU. A graph is loaded when it is first used; its calls run in parallel in one session."""

    name = "onnxruntime"
    summary = "ONNX Runtime on the processor"
    suffixes = (".onnx",)
    module = "onnxruntime"
    #: ONNX Runtime's name of the execution provider.
    provider: ClassVar[str] = "CPUExecutionProvider"
    #: Whether several samples are computed in one call where the artifact has a graph for that.
    takes_many: ClassVar[bool] = True

    @classmethod
    def why_not_here(cls) -> str:
        """Return why this machine cannot run it: ONNX Runtime is missing, or was built without the provider."""
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

    def __init__(self, artifact: Artifact, threads: int | None = None, device: int = 0) -> None:
        super().__init__(artifact, threads, device)
        self._many: dict[str, Any] = {}
        self._loading_many = threading.Lock()

    def rows(self, graph: str, count: int) -> int:
        """Return the number of samples of one call: all, up to `MOST_ROWS`, where the artifact has a graph for that."""
        single = super().rows(graph, count)
        many = self.takes_many and self.artifact.manifest.graphs[graph].many
        return min(count, MOST_ROWS) if many and count > single else single

    def _load(self, graph: str) -> Any:
        return open_session(str(self.artifact.path(graph)), self.provider, self.threads)

    def _compute(self, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        entry = self.artifact.manifest.graphs[graph]
        rows = len(inputs[entry.inputs[0].name])
        if not entry.many or rows == entry.batch:
            return _run(self._loaded(graph), inputs)
        shared = {name: np.repeat(inputs[name][None], rows, axis=0) for name in entry.shared}
        return _run(self._loaded_many(graph, entry.many), {**inputs, **shared})

    def _loaded_many(self, graph: str, file: str) -> Any:
        """Return the session of a graph for any number of samples."""
        with self._loading_many:
            if graph not in self._many:
                self._many[graph] = open_session(str(self.artifact.folder / file), self.provider, self.threads)
            return self._many[graph]


def _run(session: Any, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


@register_runtime
class OnnxRuntimeCuda(OnnxRuntime):
    """ONNX Runtime on an NVIDIA card; needs the package `onnxruntime-gpu` in place of `onnxruntime`.

    Each graph is captured in a CUDA graph if ONNX Runtime allows it, that is, if every node runs on the card. Inputs
    and outputs are then in fixed buffers, so calls run one after another.
    """

    name = "onnxruntime-cuda"
    summary = "ONNX Runtime on an NVIDIA card"
    provider = "CUDAExecutionProvider"
    takes_many = False
    on_card = True

    def __init__(self, artifact: Artifact, threads: int | None = None, device: int = 0) -> None:
        super().__init__(artifact, threads, device)
        # All threads share the bound memory, and nothing may be loaded on the card during a capture.
        self._lock = threading.Lock()

    def _load(self, graph: str) -> Any:
        """Return a session and the result of `_bind`, which is None for a session without a CUDA graph."""
        model, options = str(self.artifact.path(graph)), session_options(self.threads)
        # Without TF32: float32 must not be rounded further, and half precision is faster anyway.
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
            binding, on_card, results = bound
            for name, value in inputs.items():
                on_card[name].update_inplace(value)
            session.run_with_iobinding(binding)
            return {name: value.numpy() for name, value in results.items()}

    def _bind(self, graph: str, session: Any) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        """Return an I/O binding, and its memory on the card by tensor name: that of the inputs and of the outputs."""
        import onnxruntime

        entry = self.artifact.manifest.graphs[graph]
        binding = session.io_binding()

        def memory(spec: TensorSpec) -> Any:
            return onnxruntime.OrtValue.ortvalue_from_shape_and_type(spec.shape, np.float32, "cuda", self.device)

        inputs = {spec.name: memory(spec) for spec in entry.inputs}
        outputs = {spec.name: memory(spec) for spec in entry.outputs}
        for name, value in inputs.items():
            binding.bind_ortvalue_input(name, value)
        for name, value in outputs.items():
            binding.bind_ortvalue_output(name, value)
        return binding, inputs, outputs


def open_session(model: str | bytes, provider: str = OnnxRuntime.provider, threads: int | None = None) -> Any:
    """Open a deterministic session on a provider, without a fallback to another one.

    Args:
        model: path of an `.onnx` file, or its content.
        provider: ONNX Runtime's name of an execution provider.
        threads: number of threads within one operator; None for `default_threads`, and without that all physical cores.

    Returns:
        An `onnxruntime.InferenceSession`.

    Raises:
        MissingDependency: ONNX Runtime fell back to another provider.
        CompilerError: ONNX Runtime cannot load the model.
    """
    return opened(model, session_options(threads), provider, [provider])


def session_options(threads: int | None) -> Any:
    """Return the options of a deterministic session that logs only errors."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or default_threads() or 0
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    # An artifact's sessions take turns on the same cores. By default, the threads of a session that has finished keep
    # spinning for the next call, and slow down the session whose turn it is: a search took a third longer.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    # Processors without 8-bit dot products (VNNI) add two products of unsigned and signed bytes in 16 bits, which
    # overflows. There, and only there, this makes ONNX Runtime compute with unsigned weights: slower, but exact.
    options.add_session_config_entry("session.x64quantprecision", "1")
    options.log_severity_level = LOG_ERRORS
    return options


def opened(model: str | bytes, options: Any, provider: str, providers: list[Any] | None) -> Any:
    """Open a session and check that it uses a provider; see `open_session`.

    Args:
        model: path of an `.onnx` file, or its content.
        options: the session's options.
        provider: the provider that the session must use.
        providers: the argument of `InferenceSession`; None if the options name the provider.
    """
    import onnxruntime

    if isinstance(model, str):
        require_utf8(model, "ONNX Runtime")
    # ONNX Runtime adds the CPU to the list, so it may use the CPU even if the list names one other provider.
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
