"""Fast iterative generation in PyTorch: static buffers, and all steps captured in one CUDA graph.

The loop is that of `f2p_deploy.model.reference.reference_iterate`, with gradients by autograd; TensorRT is not needed.
On a CPU the same code runs without a graph.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Literal, cast, get_args

import numpy as np
import torch
from torch import nn

from f2p_deploy.character.parameters import random_batch
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.loss_scale import measure_gradients
from f2p_deploy.model.networks.batch_norm_folding import folded
from f2p_deploy.model.result import Trajectory
from f2p_deploy.model.search_loss import describer, search_loss
from f2p_deploy.model.settings import IterativeSettings
from f2p_deploy.model.state import first_state
from f2p_deploy.model.surrogate_search import with_locked
from f2p_deploy.model.update import Update, lookahead
from f2p_deploy.system.causes import SAID
from f2p_deploy.system.errors import CompilerError, FloorMissed, InputError, MissingDependency

logger = logging.getLogger(__name__)

Word = Literal["float32", "float16", "bfloat16"]

#: Number of characters on whose gradients the loss scale of float16 is measured. Gradients near 1e-9 are common here,
#: and the smallest number in float16 is 6e-8.
MEASURED = 3

#: Warm-up runs before a capture, as `torch.cuda.graphs` requires: they choose algorithms and fill caches.
WARM_UP = 3


#: The imitator's first layer, which computes in float32: it is small, and its rounding affects the whole gradient.
FIRST_LAYER = "imitator.layers.0"


class CapturedSearch:
    """A search with a fixed batch size and fixed settings.

    Convolutions and matrix products compute in `dtype` with channels last and batch norms folded; norms, softmax, sums
    and the update of the state stay float32. Locks are an input buffer, so changing them needs no new capture.

    Args:
        bundle: a complete bundle; it is not changed.
        batch: number of faces in a call.
        settings: the bundle's for iterative generation if not given.
        device: `cuda`, `cuda:1`, ..., or `cpu`.
        dtype: `float32`, `float16` or `bfloat16`.
        compile: compile the loss and its gradient with `torch.compile`; takes minutes.
        strict: raise if no graph can be captured, instead of running step by step.

    Raises:
        InputError: a batch below 1, or an unknown dtype.
        MissingDependency: there is no such GPU, or it has too little memory.
    """

    def __init__(
        self,
        bundle: Bundle,
        batch: int,
        settings: IterativeSettings | None = None,
        *,
        device: str = "cuda",
        dtype: str = "float32",
        compile: bool = False,
        strict: bool = False,
    ) -> None:
        if batch < 1:
            raise InputError(f"batch must be at least 1, found {batch}")
        if dtype not in get_args(Word):
            raise InputError(f"dtype must be one of {', '.join(get_args(Word))}, found {dtype!r}")
        self.device = _device(device)
        self.batch, self.strict = batch, strict
        self.settings = settings or bundle.settings.iterative
        self.dtype: torch.dtype = getattr(torch, dtype)
        self.captured = False
        self.why_not_captured = "" if self.device.type == "cuda" else "a CUDA graph needs an NVIDIA card"
        self.scale = _loss_scale(bundle, self.settings) if dtype == "float16" else 1.0
        self.n_c, size = bundle.schema.n_c, bundle.settings.architecture.image_size
        self._first = first_state(bundle, batch, self.settings)
        with self._memory():
            loss = search_loss(bundle, self.settings.beta).eval()
            self._loss: Any
            self._describe: Any
            if bundle.settings.search == "imitator":
                self._loss = made_for_speed(loss, self.dtype, self.device, (FIRST_LAYER,))
                self._describe = self._loss.similarity.describe
            else:
                self._loss = made_for_speed(loss, self.dtype, self.device)
                self._describe = made_for_speed(describer(bundle), self.dtype, self.device)
            self._of_loss = torch.compile(self._loss, dynamic=False) if compile else self._loss
            self._compiling = _compiler_errors if compile else nullcontext
            self._update = Update(bundle, self.settings).to(self.device)
            self._face = torch.zeros(batch, 3, size, size, device=self.device)
            self._start = torch.zeros(batch, bundle.schema.n, device=self.device)
            self._reads = bundle.settings.search == "surrogate"
            self._locked = torch.zeros(bundle.schema.n, dtype=torch.bool, device=self.device)
            self._rows = torch.arange(batch, device=self.device)
        self._graph: Any = None
        self._parameters: torch.Tensor | None = None
        self._losses: torch.Tensor | None = None
        self._ready = False
        self._lock = threading.Lock()

    def iterate(
        self, faces: np.ndarray | torch.Tensor, start: np.ndarray | torch.Tensor | None = None, locked: Any = None
    ) -> Trajectory:
        """Search parameters, as `reference_iterate` does.

        The first call captures the graph; later calls replay it with one launch.

        Args:
            faces: (N, 3, S, S) float32 aligned photos, RGB in [0, 1], on any device.
            start: (N, n) initial state; `first_state` of the settings if not given.
            locked: (n,) bool, entries of the state that never change; none if not given.

        Raises:
            InputError: an input has the wrong shape, or integers are given for floats.
            MissingDependency: the GPU has too little memory.
            CompilerError: with `strict`, the graph cannot be captured; or `torch.compile` fails.
            FloorMissed: the search computed NaN or infinite losses.
        """
        with self._lock, torch.inference_mode(False):
            trajectory = self._iterate(faces, start, locked)
        if not np.isfinite(trajectory.losses).all():
            raise FloorMissed(
                f"the search computed NaN or infinite losses in {str(self.dtype).removeprefix('torch.')}: "
                "take bfloat16 or float32"
            )
        return trajectory

    def _iterate(self, faces: Any, start: Any, locked: Any) -> Trajectory:
        with self._memory(), torch.no_grad():
            self._fill(self._face, faces, "faces")
            self._fill(self._start, self._first if start is None else start, "the start")
            self._fill(self._locked, torch.zeros_like(self._locked) if locked is None else locked, "locks")
        with self._memory(), full_float32():
            if not self._ready:
                self._prepare()
            if self._graph is not None:
                self._graph.replay()
            else:
                self._parameters, self._losses = self._run()
        if self._parameters is None or self._losses is None:
            raise CompilerError("the search left no answer")
        return Trajectory(self._parameters.cpu().numpy().copy(), self._losses.cpu().numpy().copy())

    def _half(self) -> Any:
        return computing_in(self.dtype, self.device)

    def _step(self, state: torch.Tensor, identity: torch.Tensor, content: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return the gradient (N, n) of each sample's loss, and the losses (N,)."""
        leaf = state.detach().requires_grad_(True)
        with torch.enable_grad():
            with self._half(), self._compiling():
                loss = self._of_loss(leaf, identity, content).float()
            with self._compiling():
                (gradient,) = torch.autograd.grad(loss.sum() * self.scale, leaf)
        return gradient.float() / self.scale, loss.detach()

    @torch.no_grad()
    def _run(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Search from the static buffers and return parameters and losses; a CUDA graph captures this function."""
        with self._half():
            identity, content = (value.float() for value in self._describe(self._face))
        if self._reads:
            content = with_locked(content, self._start, self._locked.float(), self._update.n)
        reached = before = self._start
        states, losses = [], []
        for learning_rate in self.settings.learning_rates():
            state = lookahead(reached, before, self.settings.momentum, self._update.n_c)
            gradient, loss = self._step(state, identity, content)
            states.append(state)
            losses.append(loss)
            moved = self._update(state, gradient, learning_rate, content)
            before, reached = reached, torch.where(self._locked, self._start, moved)
        states.append(reached)
        with self._half(), self._compiling():
            losses.append(self._of_loss(reached, identity, content).float())
        stacked = torch.stack(losses)
        if not self.settings.keep_best:
            return self._loss.to_parameters(reached), stacked
        return self._loss.to_parameters(torch.stack(states)[stacked.argmin(dim=0), self._rows]), stacked

    def _prepare(self) -> None:
        """Capture the graph if the device is a GPU."""
        if self.device.type != "cuda":
            self._ready = True
            return
        benchmark, before = torch.backends.cudnn.benchmark, torch.cuda.current_stream(self.device)
        torch.backends.cudnn.benchmark = True
        try:
            stream = torch.cuda.Stream(self.device)
            stream.wait_stream(before)
            with torch.cuda.stream(stream):
                for _ in range(WARM_UP):
                    self._run()
            before.wait_stream(stream)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
                self._parameters, self._losses = self._run()
            self._graph, self.captured = graph, True
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError as error:
            self.why_not_captured = f"PyTorch {torch.__version__} refused to; {SAID}"
            if self.strict:
                raise CompilerError(f"the search cannot be captured: {self.why_not_captured}") from error
            logger.info("%s", error)
            logger.warning("the search runs step by step, a CUDA graph cannot be captured: %s", self.why_not_captured)
        finally:
            torch.backends.cudnn.benchmark = benchmark
            torch.cuda.set_stream(before)  # a failed capture leaves its own stream current
        self._ready = True

    def _fill(self, buffer: torch.Tensor, value: Any, what: str) -> None:
        """Copy a value into a static buffer; `what` names it in errors."""
        tensor = torch.as_tensor(value)
        if tensor.shape != buffer.shape:
            raise InputError(f"{what} must have the shape {tuple(buffer.shape)}, found {tuple(tensor.shape)}")
        if buffer.is_floating_point() != tensor.is_floating_point():
            wanted = "float32" if buffer.is_floating_point() else "bool"
            raise InputError(f"{what} must be {wanted}, found {tensor.dtype}")
        buffer.copy_(tensor)

    @contextmanager
    def _memory(self) -> Iterator[None]:
        """Turn an out-of-memory error into one sentence with the memory asked for and the memory free."""
        try:
            yield
        except torch.cuda.OutOfMemoryError as error:
            free, total = torch.cuda.mem_get_info(self.device)
            asked = str(error).partition("Tried to allocate ")[2].partition(".  ")[0].partition(". ")[0] or "more"
            raise MissingDependency(
                f"a search of {self.batch} faces in {str(self.dtype).removeprefix('torch.')} does not fit on "
                f"{torch.cuda.get_device_name(self.device)}: {asked} was asked for, {free / 2**30:.1f} of "
                f"{total / 2**30:.1f} GiB are free. Take a smaller batch, or a lower precision"
            ) from error


def made_for_speed(
    module: nn.Module, dtype: torch.dtype, device: torch.device, in_float32: tuple[str, ...] = ()
) -> nn.Module:
    """Return a fast copy of a module: batch norms folded, weights frozen, in `dtype` and channels last.

    Args:
        module: in evaluation mode; it is not changed.
        dtype: of the weights of convolutions and matrix products; run the copy in the context of `computing_in`.
        device: of the copy.
        in_float32: names of layers that compute in float32 nevertheless.
    """
    fast = folded(module).to(device).requires_grad_(False)
    for name in in_float32:
        fast.set_submodule(name, _InFloat32(fast.get_submodule(name), device.type))
    excluded = tuple(f"{name}." for name in in_float32)
    for name, layer in fast.named_modules():
        if not name.startswith(excluded) and isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            for tensor in layer.parameters(recurse=False):
                tensor.data = tensor.data.to(dtype)
                if tensor.ndim == 4:
                    tensor.data = tensor.data.contiguous(memory_format=torch.channels_last)
    return fast


@contextmanager
def _compiler_errors() -> Iterator[None]:
    """Turn an error of `torch.compile` into a `CompilerError`."""
    from torch._dynamo.exc import TorchDynamoException

    try:
        yield
    except TorchDynamoException as error:
        raise CompilerError(f"torch.compile {torch.__version__} cannot compile the search; {SAID}") from error


class _InFloat32(nn.Module):
    """A layer that computes in float32 even in the context of `computing_in`."""

    def __init__(self, layer: nn.Module, device: str) -> None:
        super().__init__()
        self.layer, self.device = layer, device

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.autocast(self.device, enabled=False):
            return cast(torch.Tensor, self.layer(x.float()))


@contextmanager
def full_float32() -> Iterator[None]:
    """Disable TF32 in the context: it rounds float32 to a mantissa of ten bits."""
    convolutions, products = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = convolutions, products


def _loss_scale(bundle: Bundle, settings: IterativeSettings) -> float:
    """Return the loss scale for float16, measured on random characters of the bundle."""
    parameters = torch.from_numpy(random_batch(bundle.schema, MEASURED + 1, seed=0))
    with torch.no_grad():
        identity, content = describer(bundle)(bundle.imitator(parameters))
    start = first_state(bundle, 1, settings).numpy()
    states = [start, *(parameters[i : i + 1].numpy() for i in range(1, MEASURED))]
    samples = [
        {"state": state, "identity": identity[i + 1 : i + 2].numpy(), "content": content[i + 1 : i + 2].numpy()}
        for i, state in enumerate(states)
    ]
    return measure_gradients(search_loss(bundle, settings.beta).eval(), samples).scale()


def computing_in(dtype: torch.dtype, device: torch.device) -> Any:
    """Return an autocast context: convolutions and matrix products in `dtype`, reductions in float32."""
    return nullcontext() if dtype == torch.float32 else torch.autocast(device.type, dtype)


def _device(name: str) -> torch.device:
    """Return a device that PyTorch can use.

    Raises:
        InputError: the name is not a device, or not a CPU or CUDA device.
        MissingDependency: PyTorch cannot use this GPU.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"unknown device {name!r}: use cpu, cuda, cuda:1, ...") from error
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"the device must be cpu or cuda, found {name!r}")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise MissingDependency(
            f"the device {name!r} was asked for, and torch {torch.__version__} can use "
            f"{torch.cuda.device_count() or 'no'} NVIDIA cards here: see f2p-deploy doctor"
        )
    return device
