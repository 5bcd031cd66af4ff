"""From photos to the rows of a table: one row for every photo, whether it became a character or not."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from f2p_deploy.alignment import AlignedFace, LandmarkFinder
from f2p_deploy.bulk.photo_refs import PhotoContent, PhotoReader, PhotoRef, photo_key
from f2p_deploy.model.result import Generation, Mode
from f2p_deploy.pipeline.made_character import align_content, character_facts
from f2p_deploy.pipeline.mode import choose_mode
from f2p_deploy.pipeline.photo_characters import failure_of
from f2p_deploy.runtimes import Runtime
from f2p_deploy.runtimes.search import generate_many
from f2p_deploy.system.names import shown

#: One row: a value for each column, see `f2p_deploy.bulk.part_table`.
Row = dict[str, Any]

#: The status of a row whose photo became a character; any other is the reason why it did not.
OK = "ok"


def rows_of(
    refs: Sequence[PhotoRef], reader: PhotoReader, runtime: Runtime, finder: LandmarkFinder, mode: str
) -> list[Row]:
    """Return a row for every photo, in the order of the photos; a photo that fails does not stop the others.

    Args:
        refs: the photos; one of them is in memory at a time, and all aligned faces.
        reader: reads them.
        runtime: generates the characters, in batches of the artifact's size.
        finder: finds the faces.
        mode: one of `f2p_deploy.pipeline.mode.MODES`.
    """
    rows: list[Row] = []
    waiting: dict[tuple[Mode, bool], list[tuple[int, AlignedFace, str]]] = {}
    for i, ref in enumerate(refs):
        photo = reader.read(ref)
        rows.append(_begun(ref, photo))
        try:
            if photo.content is None:
                raise photo.error or RuntimeError("a photo without content has an error")
            aligned = align_content(photo.content, photo.key, finder, runtime.settings)
            way, reason = choose_mode(mode, aligned)
            waiting.setdefault((way, aligned.landmarks.shape is None), []).append((i, aligned, reason))
        except Exception as error:
            rows[i] |= failed_with(photo.key, error)
    for (way, _), faces in waiting.items():
        for (i, aligned, reason), made in zip(faces, _generated(runtime, faces, way), strict=True):
            if isinstance(made, Exception):
                rows[i] |= failed_with(rows[i]["key"], made)
            else:
                rows[i] |= _facts(made, aligned, reason)
    return rows


def failed_with(key: str, error: Exception) -> Row:
    """Return the status and the error of a photo's row."""
    failure = failure_of(Path(key), error)
    return {"status": failure.reason, "error": failure.message}


def killed_row(ref: PhotoRef, how: str) -> Row:
    """Return the row of a photo that ended the process that worked on it, twice.

    Args:
        ref: the photo.
        how: how the process ended.
    """
    key = ref.key or f"{ref.shard}:{ref.offset}"
    reason = f"{shown(key)}: the process that worked on it {how}, as happens when memory runs out"
    return _begun(ref, PhotoContent(key)) | {"status": "killed", "error": reason}


def _begun(ref: PhotoRef, photo: PhotoContent) -> Row:
    """Return what a row holds before anything is computed."""
    digest = None if photo.content is None else hashlib.sha256(photo.content).hexdigest()
    shard = photo_key(ref.shard) if ref.in_shard else None
    return {"index": ref.index, "key": _utf8(photo.key), "shard": shard, "sha256": digest}


def _utf8(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _generated(
    runtime: Runtime, faces: Sequence[tuple[int, AlignedFace, str]], way: Mode
) -> Sequence[Generation | Exception]:
    """Return the characters of some faces; if that fails, each face is tried alone."""
    shapes = [aligned.landmarks.shape for _, aligned, _ in faces]
    measured = None if any(shape is None for shape in shapes) else np.stack(shapes)  # type: ignore[arg-type]
    try:
        return generate_many(runtime, [aligned.image for _, aligned, _ in faces], way, shapes=measured)
    except Exception as error:
        return [error] if len(faces) == 1 else [_generated(runtime, [face], way)[0] for face in faces]


def _facts(made: Generation, aligned: AlignedFace, reason: str) -> Row:
    """Return the part of a row that describes a character."""
    facts = character_facts(made, aligned, reason)
    return {
        "status": OK,
        "mode": facts["mode"],
        "mode_reason": facts["mode_reason"],
        "parameters": made.parameters.values,
        "read": [(name, part) for name, part in facts["read"].items() if part.get("option")],
        "losses": facts["losses"],
        "face": facts["face"],
        "warnings": facts["warnings"],
    }
