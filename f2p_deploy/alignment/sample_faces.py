"""The sample photo, and the aligned faces made from it, which check exports."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import require
from f2p_deploy.system.pictures import write_picture

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


@dataclass(frozen=True)
class Faces:
    """A batch of aligned faces.

    Args:
        images: (K, 3, S, S) float32 RGB in [0, 1].
        names: the names of the K faces, for reports.

    Raises:
        InputError: no face, or a wrong shape, dtype, range or number of names.
    """

    images: np.ndarray
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        shape = self.images.shape
        if len(shape) != 4 or shape[0] == 0 or shape[1] != 3 or shape[2] != shape[3] or self.images.dtype != np.float32:
            raise InputError(f"faces must be (K, 3, S, S) float32, found {shape} {self.images.dtype}")
        if len(self.names) != shape[0]:
            raise InputError(f"found {shape[0]} faces but {len(self.names)} names")
        if not (np.isfinite(self.images).all() and self.images.min() >= 0 and self.images.max() <= 1):
            raise InputError("faces must lie in [0, 1]")


#: The astronaut's landmarks in pixels, as MediaPipe finds them. They are fixed so that all machines use equal faces.
ASTRONAUT = {
    "left-eye": (203.95, 101.52),
    "right-eye": (246.37, 103.82),
    "nose-tip": (223.68, 126.97),
    "mouth-left": (202.28, 139.17),
    "mouth-right": (244.49, 140.55),
}


def default_faces(bundle: "Bundle") -> Faces:
    """Return NASA's astronaut portrait, aligned for a bundle, and variants of it.

    Raises:
        MissingDependency: the extra `faces` is not installed; scikit-image brings the photo.
    """
    require("faces", "the sample photo")
    from skimage.data import astronaut

    from f2p_deploy.alignment.warp import fit_similarity, warp

    settings = bundle.settings
    size = settings.architecture.image_size
    template = np.array([settings.alignment.landmarks[name] for name in ASTRONAUT]) * size
    face = warp(astronaut(), fit_similarity(np.array(list(ASTRONAUT.values())), template), size)
    return varied((face.transpose(2, 0, 1) / 255).astype(np.float32), "astronaut")


def varied(face: np.ndarray, name: str) -> Faces:
    """Return a face and five variants of it: mirrored, darker, brighter, grey and closer.

    Args:
        face: (3, S, S) float32 RGB in [0, 1].
        name: the beginning of the faces' names.
    """
    grey = np.broadcast_to(np.tensordot(np.array([0.299, 0.587, 0.114], np.float32), face, 1), face.shape)
    edge = face.shape[-1]
    closer = np.clip(np.arange(edge) * 0.9 + edge * 0.05, 0, edge - 1).astype(int)
    variants = {
        "": face,
        "mirrored": face[:, :, ::-1],
        "darker": face**1.6,
        "brighter": face**0.6,
        "grey": grey,
        "closer": face[:, closer][:, :, closer],
    }
    images = np.clip(np.stack([np.asarray(image, np.float32) for image in variants.values()]), 0.0, 1.0)
    return Faces(images, tuple(f"{name} {variant}".strip() for variant in variants))


def write_sample_photo(folder: Path) -> Path:
    """Write NASA's portrait of the astronaut Eileen Collins (public domain, scikit-image's copy) to a PNG file.

    Raises:
        MissingDependency: scikit-image is not installed.
        InputError: the folder cannot be written to.
    """
    require("faces", "the sample photo")
    from skimage.data import astronaut

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write the folder {folder}: {error.strerror or error}") from error
    path = folder / "astronaut.png"
    write_picture(path, astronaut())
    return path
