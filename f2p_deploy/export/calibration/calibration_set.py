"""The calibration set: a folder of real aligned faces that says where each came from, checked before it is used."""

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from f2p_deploy.export.calibration.contact_sheet import contact_sheet
from f2p_deploy.system.causes import place_of
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import sha256_of, write_folder

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

#: Raised by one whenever an older program could misread a newer set.
FORMAT_VERSION = 1

FILE = "calibration.json"
FACES = "faces"
CONTACT_SHEET = "contact-sheet.png"
KIND = "calibration set"

#: With fewer faces the largest values of a layer are a matter of luck; with fewer than `RECOMMENDED` still partly.
FEWEST, RECOMMENDED = 64, 512


@dataclass(frozen=True)
class CalibrationFace:
    """One face of a set.

    Args:
        file: the aligned face, inside the folder.
        sha256: of its pixels.
        photo: where the photo lay, absolute.
        photo_sha256: of the photo's file.
        yaw: of the head, in degrees, 0 to the front; None if the finder does not tell.
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
    """One photo that is not in a set.

    Args:
        photo: its path.
        reason: one word for tables: that of the `PhotoError`, `duplicate` or `surplus`.
        message: the sentence for a person.
    """

    photo: str
    reason: str
    message: str


@dataclass(frozen=True)
class CalibrationSet:
    """Real aligned faces.

    Args:
        folder: where they lie.
        bundle, bundle_fingerprint: what they were aligned for.
        image_size: their edge S in pixels.
        faces: in the order of their hashes, so that the order of the photos makes no difference.
        rejected: what was left out.
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
        """How many faces there are."""
        return len(self.faces)

    @property
    def hash(self) -> str:
        """SHA-256 over the faces' own, which no order changes."""
        return hashlib.sha256("".join(sorted(face.sha256 for face in self.faces)).encode()).hexdigest()

    def reasons(self) -> dict[str, int]:
        """Return how many photos were left out for each reason, most frequent first."""
        words = [rejection.reason for rejection in self.rejected]
        return {word: words.count(word) for word in sorted(set(words), key=lambda word: (-words.count(word), word))}

    def image(self, position: int) -> np.ndarray:
        """Return one face: (3, S, S) float32 RGB in [0, 1]."""
        return np.asarray(_pixels(self.folder / self.faces[position].file), np.float32).transpose(2, 0, 1) / 255.0

    def images(self) -> np.ndarray:
        """Return all faces: (N, 3, S, S) float32 RGB in [0, 1]."""
        return np.stack([self.image(position) for position in range(self.count)])

    def require_made_for(self, bundle: "Bundle") -> None:
        """Raise unless the faces were aligned for a bundle, and their photos are what they were.

        Raises:
            InputError: another bundle or input size, or a photo that lies where it lay but has another content. One
                that is gone is no reason: the set holds what is needed of it.
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
        """Return what to do where a set does not serve."""
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


def store_calibration_set(made: CalibrationSet, pixels: Mapping[str, np.ndarray]) -> None:
    """Write a set: into a temporary folder beside its place, renamed at the end; after an error nothing is left.

    Args:
        made: what shall be written; a set that lies there already is replaced.
        pixels: (S, S, 3) uint8 RGB of every face, by the SHA-256 of its pixels.

    Raises:
        InputError: the place cannot be written to, or holds something that is not a calibration set.
    """
    with write_folder(made.folder, FILE, KIND) as temporary:
        (temporary / FACES).mkdir()
        for face in made.faces:
            Image.fromarray(pixels[face.sha256]).save(temporary / face.file)
        contact_sheet([pixels[face.sha256] for face in made.faces]).save(temporary / CONTACT_SHEET)
        (temporary / FILE).write_text(json.dumps(made.to_dict(), indent=1) + "\n", encoding="utf-8")


def face_file(sha256: str) -> str:
    """Return where a face lies inside a set."""
    return f"{FACES}/{sha256[:16]}.png"


def read_calibration_set(folder: str | Path) -> CalibrationSet:
    """Read a set, every face compared with its hash.

    Raises:
        InputError: no set, another format version, too few faces, or a face that is missing or not what was written.
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
    found = _from_dict(data, folder, path)
    if found.count < FEWEST:
        raise InputError(f"the calibration set {folder} has {found.count} faces, at least {FEWEST} are needed")
    for face in found.faces:
        problem = _problem(folder / face.file, face, found.image_size)
        if problem:
            raise InputError(f"the calibration set {folder} is damaged: {face.file} {problem}; {found.again()}")
    return found


def sha256_of_pixels(pixels: np.ndarray) -> str:
    """Return the SHA-256 of a face (S, S, 3) uint8, whatever file format it lies in."""
    return hashlib.sha256(np.ascontiguousarray(pixels, np.uint8).tobytes()).hexdigest()


def _from_dict(data: Any, folder: Path, path: Path) -> CalibrationSet:
    version = data.get("format") if isinstance(data, dict) else None
    if version != FORMAT_VERSION:
        raise InputError(
            f"{path} has format version {version!r}, this f2p-deploy reads version {FORMAT_VERSION}: calibrate again"
        )
    try:
        found = CalibrationSet(
            folder=folder,
            bundle=str(data["bundle"]),
            bundle_fingerprint=str(data["bundle_fingerprint"]),
            image_size=int(data["image_size"]),
            faces=tuple(CalibrationFace(**face) for face in data["faces"]),
            rejected=tuple(Rejection(**rejection) for rejection in data["rejected"]),
            command=str(data["command"]),
        )
        outside = any(Path(face.file).parent != Path(FACES) for face in found.faces)
        whole = (data.get("hash"), data.get("count")) == (found.hash, found.count)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is not that of a calibration set: a value is missing or of the wrong kind") from error
    if outside:
        raise InputError(f"{path} names a face outside its folder")
    if not whole:
        raise InputError(f"{path} is damaged: its faces are not those that its hash was made of; {found.again()}")
    return found


def _problem(path: Path, face: CalibrationFace, size: int) -> str:
    """Say what is wrong with a face's file; empty if nothing is."""
    if not path.is_file():
        return "is missing"
    try:
        pixels = _pixels(path)
    except (OSError, SyntaxError, ValueError):
        return "is not a picture, or cut short"
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
