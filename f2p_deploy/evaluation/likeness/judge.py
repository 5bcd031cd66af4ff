"""The judge: a face recogniser that was not used in training and measures the similarity of two pictures.

Any network works that takes 112-pixel crops aligned to five points, such as those of InsightFace or MobileFaceNet: an
ONNX file, run by ONNX Runtime, or a `.tflite` file, run by LiteRT (ai-edge-litert).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from f2p_deploy.alignment.warp import fit_similarity, warp
from f2p_deploy.system.errors import InputError, MissingDependency
from f2p_deploy.system.extras import package_line

#: Edge of the crops in pixels, and the positions of eyes, nose tip and mouth corners (Deng et al. 2019, ArcFace).
CROP = 112
POINTS = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])

SUFFIXES = (".onnx", ".tflite")


class Judge(Protocol):
    """A face recogniser: pictures of one person get similar descriptors."""

    name: str

    def describe(self, picture: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Describe one face.

        Args:
            picture: (H, W, 3) uint8 RGB.
            points: (5, 2) pixels in the order of `LANDMARKS`.

        Returns:
            (d,) float32.
        """
        ...


class FileJudge:
    """A recognition network from a file.

    Args:
        path: `.onnx` or `.tflite`, with one input of 112 x 112 pixels and 3 channels, first or last, and one output.

    Raises:
        InputError: another kind of file, no network, or one with other inputs.
        MissingDependency: LiteRT is not installed.
    """

    def __init__(self, path: Path) -> None:
        if path.suffix.lower() not in SUFFIXES:
            raise InputError(f"a judge is a network in an .onnx or .tflite file, found {path}")
        if not path.is_file():
            raise InputError(f"there is no judge {path}")
        self.name = path.stem
        opened = _open_onnx(path) if path.suffix.lower() == ".onnx" else _open_tflite(path)
        self._compute, shape = opened
        if len(shape) != 4 or sorted(shape[1:]) != [3, CROP, CROP]:
            raise InputError(f"the judge {path} should take pictures of {CROP}x{CROP}x3, it takes {tuple(shape)}")
        self._channels_first = shape[1] == 3
        self._batch = shape[0] if shape[0] > 0 else 1

    def describe(self, picture: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Describe one face, see `Judge`."""
        crop = warp(picture, fit_similarity(np.asarray(points, np.float64), POINTS), CROP)
        values = (crop.astype(np.float32) - 127.5) / 128.0
        values = values.transpose(2, 0, 1) if self._channels_first else values
        given = np.ascontiguousarray(np.broadcast_to(values, (self._batch, *values.shape)))
        return np.asarray(self._compute(given), np.float32).reshape(self._batch, -1)[0]


Network = tuple[Callable[[np.ndarray], np.ndarray], list[int]]


def _open_onnx(path: Path) -> Network:
    """Return a network's function and the shape of its input; 0 marks a dynamic dimension."""
    from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session
    from f2p_deploy.system.errors import CompilerError

    try:
        session = open_session(str(path))
    except CompilerError as error:
        raise InputError(f"the judge {path} is not a network that ONNX Runtime reads") from error
    given, (made, *_) = session.get_inputs(), session.get_outputs()
    if len(given) != 1:
        raise InputError(f"the judge {path} should take one picture, it takes {len(given)} inputs")
    shape = [size if isinstance(size, int) else 0 for size in given[0].shape]
    return (lambda value: session.run([made.name], {given[0].name: value})[0]), shape


def _open_tflite(path: Path) -> Network:
    """Return a network's function and the shape of its input."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise MissingDependency(f"the judge {path.name} needs LiteRT: {package_line('ai-edge-litert')}") from error
    try:
        network = Interpreter(str(path))
        network.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise InputError(f"the judge {path} is not a network that LiteRT reads") from error
    given, made = network.get_input_details()[0], network.get_output_details()[0]

    def compute(value: np.ndarray) -> np.ndarray:
        network.set_tensor(given["index"], value)
        network.invoke()
        return network.get_tensor(made["index"])

    return compute, [int(size) for size in given["shape"]]
