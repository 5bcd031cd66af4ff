"""Landmarks from a file, for studios that use another detector.

JSON: one key per photo. Its value is an object of the five points in pixels and, optionally, the yaw in degrees; or a
list of such objects if the photo has several faces::

    {"anna.jpg": {"left-eye": [203.9, 101.7], "right-eye": [246.4, 103.7], "nose-tip": [223.7, 126.0],
                  "mouth-left": [202.3, 139.2], "mouth-right": [244.5, 140.6], "yaw": 1.5}}

CSV: one row per face, with the columns in any order and `yaw` optional::

    photo,left-eye-x,left-eye-y,right-eye-x,right-eye-y,nose-tip-x,nose-tip-y,mouth-left-x,mouth-left-y,...

Positions refer to the upright photo, after its EXIF orientation is applied: x goes right and y down from the top left
corner, pixel centres at .5, and left is left in the picture. If a face is rotated in the picture, left is what is left
once the face is upright. Pixels are those of the file, even if it is so large that it is reduced on reading.
"""

import csv
import json
from pathlib import Path

import numpy as np

from f2p_deploy.alignment.landmarks import Landmarks, five_points
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.system.causes import place_of, reason_of_text
from f2p_deploy.system.errors import InputError, PhotoError

_CSV_COLUMNS = tuple(f"{name}-{axis}" for name in LANDMARKS for axis in "xy")


class LandmarksFile:
    """A finder that looks up a photo's faces in a JSON or CSV file by the photo's file name.

    Args:
        path: `.json` or `.csv`, see the module's docstring.

    Raises:
        InputError: the file cannot be read, or an entry is wrong; the message names its photo or line.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        readers = {".json": _read_json, ".csv": _read_csv}
        if self._path.suffix.lower() not in readers:
            raise InputError(f"a landmarks file must be .json or .csv, found {self._path.name!r}")
        try:
            text = self._path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = reason_of_text(error)
            raise InputError(f"cannot read the landmarks {self._path}: {reason}") from error
        self._faces = readers[self._path.suffix.lower()](text, self._path.name)

    def find(self, image: np.ndarray, name: str | None = None, reduction: int = 1) -> list[Landmarks]:
        """Return the file's faces for a photo, largest first, in pixels of the image.

        Raises:
            PhotoError: `no-face`; the file has no entry of that name.
            InputError: no name was passed, or a point is far outside the photo.
        """
        if name is None:
            raise InputError(f"landmarks from {self._path.name} are looked up by the photo's name: pass its name")
        if name not in self._faces:
            raise PhotoError("no-face", f"{self._path.name} has no landmarks for this photo")
        height, width = (edge * reduction for edge in image.shape[:2])
        faces = self._faces[name]
        for face in faces:
            x, y = face.array.T
            if min(x.min(), y.min()) < -0.5 * max(width, height) or x.max() > 1.5 * width or y.max() > 1.5 * height:
                raise InputError(
                    f"{self._path.name}: the landmarks of {name} reach ({x.max():.0f}, {y.max():.0f}), far outside its "
                    f"{width}x{height} pixels; were they measured at another size?"
                )
        if reduction > 1:
            faces = [Landmarks(five_points(face.array / reduction), face.source, yaw=face.yaw) for face in faces]
        return sorted(faces, key=lambda face: face.area, reverse=True)


def _read_json(text: str, source: str) -> dict[str, list[Landmarks]]:
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{source} is not valid JSON{place_of(error)}") from error
    if not isinstance(data, dict):
        raise InputError(f"{source} must be an object with one key per photo, found a {type(data).__name__}")
    return {
        photo: [_face(entry, f"{source}, {photo}") for entry in (entries if isinstance(entries, list) else [entries])]
        for photo, entries in data.items()
    }


def _read_csv(text: str, source: str) -> dict[str, list[Landmarks]]:
    rows = csv.DictReader(text.splitlines())
    missing = [column for column in ("photo", *_CSV_COLUMNS) if column not in (rows.fieldnames or ())]
    if missing:
        raise InputError(f"{source} lacks the columns {', '.join(missing)}")
    faces: dict[str, list[Landmarks]] = {}
    for row in rows:
        entry: dict[str, object] = {name: [row[f"{name}-x"], row[f"{name}-y"]] for name in LANDMARKS}
        if row.get("yaw"):
            entry["yaw"] = row["yaw"]
        faces.setdefault(row["photo"], []).append(_face(entry, f"{source}, line {rows.line_num}"))
    return faces


def _face(entry: object, where: str) -> Landmarks:
    if not isinstance(entry, dict):
        raise InputError(f"{where}: a face must be an object of five points, found {entry!r}")
    points = {name: value for name, value in entry.items() if name != "yaw"}
    try:
        pairs = {name: (float(x), float(y)) for name, (x, y) in points.items()}
        yaw = float(entry["yaw"]) if "yaw" in entry else None
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}: a point must be two numbers, and yaw one, found {entry!r}") from error
    try:
        return Landmarks(pairs, source="file", yaw=yaw)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
