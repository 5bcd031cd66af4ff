"""The calibration set: a folder of real aligned faces with their sources, checked before it is used."""

import hashlib
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from f2p_deploy.alignment.sample_faces import Faces
from f2p_deploy.export.calibration.contact_sheet import contact_sheet
from f2p_deploy.system.causes import place_of
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import sha256_of, write_folder

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

#: Increased whenever an older program could misread a newer set.
FORMAT_VERSION = 1

FILE = "calibration.json"
FACES = "faces"
CONTACT_SHEET = "contact-sheet.png"
KIND = "calibration set"

#: Smallest and recommended number of faces: with fewer, the largest values of a layer depend on the choice of photos.
FEWEST, RECOMMENDED = 64, 512


@dataclass(frozen=True)
class CalibrationFace:
    """One face of a set.

    Args:
        file: the aligned face, relative to the folder.
        sha256: SHA-256 of its pixels.
        photo: absolute path of the photo.
        photo_sha256: SHA-256 of the photo's file.
        yaw: of the head, in degrees, 0 for frontal; None if the landmark finder does not measure it.
        brightness: mean luma of the face, in [0, 1].
    """

    file: str
    sha256: str
    photo: str
    photo_sha256: str
    yaw: float | None
    brightness: float


@dataclass(frozen=True)
class Rejection:
    """One photo that was left out of a set.

    Args:
        photo: its path.
        reason: a keyword for tables: that of the `PhotoError`, `duplicate` or `surplus`.
        message: a sentence for people.
    """

    photo: str
    reason: str
    message: str


@dataclass(frozen=True)
class CalibrationSet:
    """A set of real aligned faces.

    Args:
        folder: the set's folder.
        bundle, bundle_fingerprint: the bundle for which the faces were aligned.
        image_size: edge S of the faces in pixels.
        faces: in the order of their hashes, so that the order of the photos makes no difference.
        rejected: the photos that were left out.
        command: the command line that makes the set again.
    """

    folder: Path
    bundle: str
    bundle_fingerprint: str
    image_size: int
    faces: tuple[CalibrationFace, ...]
    rejected: tuple[Rejection, ...]
    command: str

    @property
    def count(self) -> int:
        """The number of faces."""
        return len(self.faces)

    @property
    def hash(self) -> str:
        """The SHA-256 of the faces' sorted hashes, independent of their order."""
        return hashlib.sha256("".join(sorted(face.sha256 for face in self.faces)).encode()).hexdigest()

    def reasons(self) -> dict[str, int]:
        """Return the number of photos that were left out for each reason, most frequent first."""
        words = [rejection.reason for rejection in self.rejected]
        return {word: words.count(word) for word in sorted(set(words), key=lambda word: (-words.count(word), word))}

    def image(self, position: int) -> np.ndarray:
        """Return one face: (3, S, S) float32 RGB in [0, 1]."""
        return np.asarray(_pixels(self.folder / self.faces[position].file), np.float32).transpose(2, 0, 1) / 255.0

    def images(self) -> np.ndarray:
        """Return all faces: (N, 3, S, S) float32 RGB in [0, 1]."""
        return np.stack([self.image(position) for position in range(self.count)])

    def chosen_faces(self, positions: Sequence[int]) -> Faces:
        """Return the faces at these positions, named after their photos."""
        names = tuple(Path(self.faces[position].photo).name for position in positions)
        return Faces(np.stack([self.image(position) for position in positions]), names)

    def require_made_for(self, bundle: "Bundle") -> None:
        """Raise unless the faces were aligned for a bundle and their photos are unchanged.

        Raises:
            InputError: another bundle or input size, or a photo whose file has changed. A deleted photo is no error,
                since the set contains its face.
        """
        size = bundle.settings.architecture.image_size
        if self.image_size != size:
            raise InputError(
                f"the calibration set {self.folder} has faces of {self.image_size} pixels, the bundle {bundle.name} "
                f"takes {size}: {self.again(bundle)}"
            )
        if self.bundle_fingerprint != bundle.fingerprint:
            raise InputError(
                f"the calibration set {self.folder} was made for the bundle {self.bundle} "
                f"({self.bundle_fingerprint[:12]}), not for {bundle.name} ({bundle.fingerprint[:12]}): "
                f"{self.again(bundle)}"
            )
        changed = [face.photo for face in self.faces if _changed(Path(face.photo), face.photo_sha256)]
        if changed:
            others = f" and {len(changed) - 1} other photos" if len(changed) > 1 else ""
            raise InputError(
                f"{changed[0]}{others} changed since the calibration set {self.folder} was made: {self.again()}"
            )

    def again(self, bundle: "Bundle | None" = None) -> str:
        """Return the advice to make the set again, with the command line; for another bundle if one is given."""
        words = shlex.split(self.command)
        if bundle is not None and "--bundle" in words:
            words[words.index("--bundle") + 1] = str(bundle.path)
        elif bundle is not None:
            words += ["--bundle", str(bundle.path)]
        return f"make it again: {shlex.join(words)}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "format": FORMAT_VERSION,
            "bundle": self.bundle,
            "bundle_fingerprint": self.bundle_fingerprint,
            "image_size": self.image_size,
            "count": self.count,
            "hash": self.hash,
            "reasons": self.reasons(),
            "command": self.command,
            "faces": [asdict(face) for face in self.faces],
            "rejected": [asdict(rejection) for rejection in self.rejected],
        }


def store_calibration_set(calibration: CalibrationSet, pixels: Mapping[str, np.ndarray]) -> None:
    """Write a set atomically: into a temporary folder that is renamed at the end; after an error no files are left.

    Args:
        calibration: the set; another set in its folder is replaced.
        pixels: (S, S, 3) uint8 RGB of every face, by the SHA-256 of its pixels.

    Raises:
        InputError: the folder cannot be written, or holds something that is not a calibration set.
    """
    with write_folder(calibration.folder, FILE, KIND) as temporary:
        (temporary / FACES).mkdir()
        for face in calibration.faces:
            Image.fromarray(pixels[face.sha256]).save(temporary / face.file)
        contact_sheet([pixels[face.sha256] for face in calibration.faces]).save(temporary / CONTACT_SHEET)
        (temporary / FILE).write_text(json.dumps(calibration.to_dict(), indent=1) + "\n", encoding="utf-8")


def face_file(sha256: str) -> str:
    """Return the path of a face, relative to the set's folder."""
    return f"{FACES}/{sha256[:16]}.png"


def read_calibration_set(folder: str | Path) -> CalibrationSet:
    """Read a set and compare every face with its hash.

    Raises:
        InputError: no set, another format version, too few faces, or a face that is missing or has changed.
    """
    folder = Path(folder)
    path = folder / FILE
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        reason = "there is no such folder" if not folder.exists() else f"cannot read {path}: {error.strerror or error}"
        raise InputError(
            f"{folder} is not a calibration set: {reason}. f2p-deploy calibrate PHOTOS -o {folder} makes one"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON{place_of(error)}, so it is damaged. Calibrate again") from error
    calibration = _from_dict(data, folder, path)
    if calibration.count < FEWEST:
        raise InputError(f"the calibration set {folder} has {calibration.count} faces, at least {FEWEST} are needed")
    for face in calibration.faces:
        problem = _problem(folder / face.file, face, calibration.image_size)
        if problem:
            raise InputError(f"the calibration set {folder} is damaged: {face.file} {problem}; {calibration.again()}")
    return calibration


def sha256_of_pixels(pixels: np.ndarray) -> str:
    """Return the SHA-256 of a face's pixels, (S, S, 3) uint8, independent of its file format."""
    return hashlib.sha256(np.ascontiguousarray(pixels, np.uint8).tobytes()).hexdigest()


def _from_dict(data: Any, folder: Path, path: Path) -> CalibrationSet:
    version = data.get("format") if isinstance(data, dict) else None
    if version != FORMAT_VERSION:
        raise InputError(
            f"{path} has format version {version!r}, this f2p-deploy reads version {FORMAT_VERSION}: calibrate again"
        )
    try:
        calibration = CalibrationSet(
            folder=folder,
            bundle=str(data["bundle"]),
            bundle_fingerprint=str(data["bundle_fingerprint"]),
            image_size=int(data["image_size"]),
            faces=tuple(CalibrationFace(**face) for face in data["faces"]),
            rejected=tuple(Rejection(**rejection) for rejection in data["rejected"]),
            command=str(data["command"]),
        )
        outside = any(Path(face.file).parent != Path(FACES) for face in calibration.faces)
        whole = (data.get("hash"), data.get("count")) == (calibration.hash, calibration.count)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is not that of a calibration set: a value is missing or of the wrong kind") from error
    if outside:
        raise InputError(f"{path} names a face outside its folder")
    if not whole:
        raise InputError(f"{path} is damaged: its faces do not match its hash; {calibration.again()}")
    return calibration


def _problem(path: Path, face: CalibrationFace, size: int) -> str:
    """Return what is wrong with a face's file; empty if nothing is."""
    if not path.is_file():
        return "is missing"
    try:
        pixels = _pixels(path)
    except (OSError, SyntaxError, ValueError):
        return "is not an image, or is truncated"
    if pixels.shape != (size, size, 3):
        return f"has {pixels.shape[1]}x{pixels.shape[0]} pixels instead of {size}x{size}"
    return "" if sha256_of_pixels(pixels) == face.sha256 else "has other pixels (SHA-256 differs)"


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.array(picture.convert("RGB"))


def _changed(photo: Path, sha256: str) -> bool:
    try:
        return sha256_of(photo) != sha256
    except OSError:
        return False
