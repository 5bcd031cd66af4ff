"""Sex and age of faces by face-api's pretrained network (npm `@vladmandic/face-api`, MIT), computed with PyTorch.

The weights are the npm package's files, `model/age_gender_model-weights_manifest.json` and the `.bin` beside it. On 300
crops the results equalled those of the npm package under Node within 2e-6 (sex) and 7e-5 years.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from f2p_deploy.alignment.warp import warp
from f2p_deploy.system.errors import InputError

#: Edge of the network's input in pixels. A crop is cut at twice this edge and every other pixel taken, as face-api's
#: bilinear resizing does; with averaged pixels the network predicts higher ages.
EDGE = 112

#: Half the edge of the crop / the mesh's larger extent. The crop is an upright square around the mesh.
_REACH = 0.62

_MEAN = (122.782, 117.001, 104.298)

#: Number of MediaPipe's points without the irises.
_FACE_POINTS = 468


@dataclass(frozen=True)
class AgeSex:
    """The network's prediction for one face.

    Args:
        male: probability, in [0, 1].
        age: in years.
    """

    male: float
    age: float

    @property
    def known(self) -> bool:
        """True if the picture showed a face."""
        return math.isfinite(self.age)


#: The prediction for a picture without a face.
UNKNOWN = AgeSex(math.nan, math.nan)


class AgeSexJudge:
    """The network `ageGenderNet` of face-api: a small Xception (Chollet 2017) with two linear heads.

    Args:
        manifest: the `.json` file of the weights; the file that it names is in the same folder.

    Raises:
        InputError: a file is missing, or holds other weights.
    """

    def __init__(self, manifest: Path) -> None:
        self.name = manifest.name.removesuffix(".json").removesuffix("-weights_manifest")
        self._weights = read_weights(manifest)
        if not {"entry_flow/conv_in/filters", "fc/age/weights", "fc/gender/weights"} <= self._weights.keys():
            raise InputError(
                f"{manifest} should hold the weights of face-api's age_gender_model, "
                f"it holds {len(self._weights)} other tensors"
            )

    def look(self, picture: np.ndarray, mesh: np.ndarray) -> AgeSex:
        """Return sex and age of one face.

        Args:
            picture: (H, W, 3) uint8 RGB.
            mesh: (478, 2) MediaPipe's points in pixels of the picture.
        """
        return self.of_crops(crop_of(picture, mesh)[None])[0]

    def of_crops(self, crops: np.ndarray) -> list[AgeSex]:
        """Return sex and age of (N, 112, 112, 3) uint8 RGB crops."""
        with torch.inference_mode():
            x = (torch.from_numpy(crops.astype(np.float32)) - torch.tensor(_MEAN)) / 255.0
            ages, sexes = self._compute(x.permute(0, 3, 1, 2))
        return [AgeSex(float(male), float(age)) for male, age in zip(sexes.softmax(1)[:, 0], ages[:, 0], strict=True)]

    def _compute(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = F.relu(self._convolve(x, "entry_flow/conv_in", 2))
        x = self._reduce(x, "entry_flow/reduction_block_0", activated=True)
        x = self._reduce(x, "entry_flow/reduction_block_1")
        for block in ("middle_flow/main_block_0", "middle_flow/main_block_1"):
            y = x
            for i in range(3):
                y = self._separable(F.relu(y), f"{block}/separable_conv{i}")
            x = x + y
        x = self._reduce(x, "exit_flow/reduction_block")
        x = F.relu(self._separable(x, "exit_flow/separable_conv")).mean(dim=(2, 3))
        return self._read(x, "fc/age"), self._read(x, "fc/gender")

    def _reduce(self, x: torch.Tensor, block: str, activated: bool = False) -> torch.Tensor:
        y = self._separable(x if activated else F.relu(x), f"{block}/separable_conv0")
        y = self._separable(F.relu(y), f"{block}/separable_conv1")
        y = F.max_pool2d(F.pad(y, (0, 1, 0, 1), value=-math.inf), 3, 2)
        return y + self._convolve(x, f"{block}/expansion_conv", 2)

    def _convolve(self, x: torch.Tensor, name: str, stride: int) -> torch.Tensor:
        filters = self._weights[f"{name}/filters"].permute(3, 2, 0, 1)
        if filters.shape[2] > 1:  # TensorFlow's "same" with stride 2 pads even sizes at the end only
            x = F.pad(x, (0, 1, 0, 1))
        return F.conv2d(x, filters, self._weights[f"{name}/bias"], stride)

    def _separable(self, x: torch.Tensor, name: str) -> torch.Tensor:
        depthwise = self._weights[f"{name}/depthwise_filter"].permute(2, 3, 0, 1)
        x = F.conv2d(x, depthwise, padding=1, groups=len(depthwise))
        return F.conv2d(x, self._weights[f"{name}/pointwise_filter"].permute(3, 2, 0, 1), self._weights[f"{name}/bias"])

    def _read(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return x @ self._weights[f"{name}/weights"] + self._weights[f"{name}/bias"]


def crop_of(picture: np.ndarray, mesh: np.ndarray) -> np.ndarray:
    """Return the (112, 112, 3) uint8 crop of a face for the network."""
    points = np.asarray(mesh, np.float64)[:_FACE_POINTS]
    low, high = points.min(axis=0), points.max(axis=0)
    reach = float((high - low).max()) * _REACH
    scale = EDGE / reach
    corner = (low + high) / 2 - reach
    return warp(picture, np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]]), 2 * EDGE)[::2, ::2]


def read_weights(manifest: Path) -> dict[str, torch.Tensor]:
    """Read the tensors of a TensorFlow.js weights manifest; 8-bit values are dequantised as `value * scale + min`.

    Raises:
        InputError: a file is missing or damaged.
    """
    if manifest.suffix.lower() != ".json":
        raise InputError(f"the age and sex network is named by its weights manifest, a .json file, found {manifest}")
    tensors: dict[str, torch.Tensor] = {}
    try:
        for group in json.loads(manifest.read_text(encoding="utf-8")):
            data = b"".join((manifest.parent / name).read_bytes() for name in group["paths"])
            start = 0
            for weight in group["weights"]:
                tensors[weight["name"]], start = _tensor(weight, data, start)
    except OSError as error:
        missing = f"cannot read {error.filename or manifest}: {error.strerror or error}"
        raise InputError(f"the age and sex network {manifest}: {missing}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{manifest} is not a weights manifest of TensorFlow.js, or its file is damaged") from error
    return tensors


def _tensor(weight: dict[str, Any], data: bytes, start: int) -> tuple[torch.Tensor, int]:
    """Return one tensor, float32, and the position of the next one in the data."""
    count, quantised = math.prod(weight["shape"]), weight.get("quantization")
    kind = np.dtype(quantised["dtype"] if quantised else weight["dtype"]).newbyteorder("<")
    values = np.frombuffer(data, kind, count, start).astype(np.float32).reshape(weight["shape"])
    if quantised:
        values = values * np.float32(quantised["scale"]) + np.float32(quantised["min"])
    return torch.from_numpy(values.copy()), start + count * kind.itemsize
