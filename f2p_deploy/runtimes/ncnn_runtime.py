"""ncnn: small convolutional networks on processors, without gradients."""

from threading import Lock
from typing import Any

import numpy as np

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.artifact.ncnn_file import ncnn_weights
from f2p_deploy.runtimes.base import Runtime, register_runtime
from f2p_deploy.system.errors import FloorMissed, InputError
from f2p_deploy.system.threads import default_threads, usable_cores

#: Options of ncnn that compute or store less than float32.
HALVES = ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage")


@register_runtime
class Ncnn(Runtime):
    """ncnn on the processor, in float32. Calls wait for one another: its package crashed with several threads."""

    name = "ncnn"
    summary = "ncnn on the processor, float32"
    suffixes = (".param",)
    module = "ncnn"
    extra = "ncnn"

    def __init__(self, artifact: Artifact, threads: int | None = None, device: int = 0) -> None:
        super().__init__(artifact, threads, device)
        self._alone = Lock()

    def describe_device(self) -> str:
        """Return the version of ncnn."""
        import ncnn

        return f"ncnn {ncnn.__version__}, CPU"

    def _load(self, graph: str) -> Any:
        import ncnn

        file = self.artifact.path(graph)
        net = ncnn.Net()
        for option in HALVES:
            setattr(net.opt, option, False)
        net.opt.num_threads = self.threads or default_threads() or usable_cores()
        if net.load_param(str(file)) or net.load_model(str(ncnn_weights(file))):
            raise InputError(f"{file} and {ncnn_weights(file).name} are no files that ncnn can run")
        entry = self.artifact.manifest.graphs[graph]
        wanted = {f"in{k}" for k in range(len(entry.inputs))} | {f"out{k}" for k in range(len(entry.outputs))}
        # A graph may have further outputs, which nobody asks for.
        if missing := wanted - {*net.input_names(), *net.output_names()}:
            raise InputError(f"{file} lacks {', '.join(sorted(missing))}, which its manifest names")
        return net

    def _compute(self, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        import ncnn

        entry, net = self.artifact.manifest.graphs[graph], self._loaded(graph)
        outputs = {}
        with self._alone:
            extractor = net.create_extractor()
            # ncnn has no batches. A layer may compute in the memory of its input, so each gets memory of its own.
            for k, spec in enumerate(entry.inputs):
                extractor.input(f"in{k}", ncnn.Mat(np.ascontiguousarray(inputs[spec.name][0])).clone())
            for k, spec in enumerate(entry.outputs):
                status, value = extractor.extract(f"out{k}")
                found = np.array(value)
                if status or found.size != int(np.prod(spec.shape)):
                    raise FloorMissed(f"{graph}: ncnn did not compute {spec.name}")
                outputs[spec.name] = found.reshape(spec.shape)
        return outputs
