"""The measured peak rates of this device (roofline), and a contender's share of them."""

import time
from collections.abc import Callable

import numpy as np
import torch

from f2p_deploy.evaluation.speed.rows import Ceiling

#: Edge of the multiplied square matrices and number of copied bytes, by device; and seconds of each measurement.
EDGE = {"cpu": 2048, "cuda": 8192}
COPIED = {"cpu": 1 << 28, "cuda": 1 << 31}
SECONDS = 1.0

_DTYPES = {"fp32": torch.float32, "tf32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def measure_ceilings(device: str, precisions: tuple[str, ...]) -> tuple[Ceiling, ...]:
    """Measure the peak rates of large matrix products and large copies.

    Args:
        device: `cpu` or `cuda`.
        precisions: of `fp32`, `tf32`, `fp16` and `bf16`; others are left out.
    """
    byte_per_s = _copies(device)
    return tuple(Ceiling(name, _products(device, name), byte_per_s) for name in precisions if name in _DTYPES)


def share_of_ceiling(ceiling: Ceiling, flops: int, moved: int, median_ms: float) -> float:
    """Return the least time that the ceiling allows / the measured median.

    Args:
        ceiling: peak rates of the device.
        flops, moved: operations and bytes of one call.
        median_ms: milliseconds per call.
    """
    return max(flops / ceiling.flop_per_s, moved / ceiling.byte_per_s) / (median_ms / 1000.0)


def _products(device: str, precision: str) -> float:
    """Return FLOP/s of the fastest library here; PyTorch is not the fastest on every processor."""
    edge, dtype = EDGE[device], _DTYPES[precision]
    a, b = (torch.ones(edge, edge, device=device, dtype=dtype) for _ in range(2))
    allowed = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    try:
        fastest = [_fastest(lambda: torch.mm(a, b), device)]
    finally:
        torch.backends.cuda.matmul.allow_tf32 = allowed
    if device == "cpu" and precision == "fp32":
        fastest.append(_fastest(_of_onnxruntime(edge), device))
    return 2.0 * edge**3 / min(fastest)


def _of_onnxruntime(edge: int) -> Callable[[], object]:
    """Return a function that multiplies square matrices in ONNX Runtime with PyTorch's number of threads."""
    import onnx
    import onnxruntime

    inputs, outputs = (
        [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [edge, edge]) for name in names]
        for names in ("ab", "c")
    )
    graph = onnx.helper.make_graph([onnx.helper.make_node("MatMul", ["a", "b"], ["c"])], "product", inputs, outputs)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    ones = np.ones((edge, edge), np.float32)
    return lambda: session.run(None, {"a": ones, "b": ones})


def _copies(device: str) -> float:
    source = torch.ones(COPIED[device] // 4, device=device)
    target = torch.empty_like(source)
    return 2.0 * COPIED[device] / _fastest(lambda: target.copy_(source), device)


def _fastest(call: Callable[[], object], device: str) -> float:
    """Return the shortest time of a call in seconds, without the first call."""
    times: list[float] = []
    begun = time.perf_counter()
    while len(times) < 3 or time.perf_counter() - begun < SECONDS:
        started = time.perf_counter()
        call()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return min(times[1:])
