"""The pictures that stages still need, asked of an engine and kept beside the bundle for the next time."""

import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from pathlib import Path

from f2p_deploy.character.schema import Schema
from f2p_deploy.engine.engine import Engine
from f2p_deploy.engine.link.linked_engine import LinkedEngine
from f2p_deploy.engine.pairs import MANIFEST, PARAMETERS, PairSet, Sampling, read_manifest, read_records, write_pairs
from f2p_deploy.system.errors import InputError, Interrupted
from f2p_deploy.system.files import write_whole
from f2p_deploy.training.data.training_sources import FROM_FRONT, FROM_VARIED, Sources

#: The folders beside a bundle, in `<bundle>.training`, and the sampling of each.
PICTURES_FOLDER = "pictures"
SAMPLINGS = {"front": Sampling(), "varied": Sampling(scenes="varied", pictures_per_character=4)}

#: Called with the kind of pictures, the number of finished ones and the count.
Drawing = Callable[[str, int, int], None]


def missing_kinds(stages: Collection[str], sources: Sources) -> tuple[str, ...]:
    """Return which pictures stages need that no folder was given for: `front`, `varied`."""
    needed = {"front": FROM_FRONT, "varied": FROM_VARIED}
    given = {"front": sources.front, "varied": sources.varied}
    return tuple(kind for kind, of in needed.items() if given[kind] is None and any(stage in of for stage in stages))


def draw_missing(
    kinds: Collection[str],
    work: Path,
    schema: Schema,
    count: int,
    size: int,
    open_engine: Callable[[], Engine],
    progress: Drawing,
) -> dict[str, Path]:
    """Ask an engine for the pictures that are not there yet, and return their folders by kind.

    Args:
        kinds: from `SAMPLINGS`.
        work: the folder `<bundle>.training`.
        schema: of the characters.
        count: number of pictures of each kind; a folder with fewer is extended.
        size: edge of the pictures in pixels.
        open_engine: connects to the engine; not called if nothing is missing.
        progress: called after every picture.

    Raises:
        InputError: there is no engine, one of another schema or without varied scenes, or the folder holds pictures of
            another schema or size. Pictures that were drawn before are kept.
        Interrupted: the user stopped it; the same call continues.
    """
    folders = {kind: work / PICTURES_FOLDER / kind for kind in kinds}
    left = {kind: folder for kind, folder in folders.items() if not _complete(folder, schema, count, size)}
    if not left:
        return folders
    engine = open_engine()
    if "varied" in left and isinstance(engine, LinkedEngine) and not engine.welcome.scenes:
        raise InputError(
            f"recognition needs pictures in varied scenes, and the engine at {engine.address} draws the front view "
            "only: give --varied DIR, or a preset whose recognition is shipped, such as lite"
        )
    for kind, folder in left.items():
        _extend(folder, SAMPLINGS[kind], schema, count)
        try:
            write_pairs(engine, folder, count, SAMPLINGS[kind], size, progress=partial(progress, kind))
        except KeyboardInterrupt:
            done = len(read_records(folder))
            raise Interrupted(
                f"stopped after {done} of {count} {kind} pictures; the same command continues from there"
            ) from None
        except InputError as error:
            done = len(read_records(folder))
            raise InputError(
                f"{error}; {done} of {count} {kind} pictures are kept in {folder}, and the same command continues"
            ) from error
    return folders


def _complete(folder: Path, schema: Schema, count: int, size: int) -> bool:
    """Return whether a folder holds enough pictures.

    Raises:
        InputError: it holds pictures of another schema or size.
    """
    if not (folder / MANIFEST).is_file():
        return False
    manifest = read_manifest(folder)
    if (manifest["fingerprint"], manifest["size"]) != (schema.fingerprint, size):
        found = Schema.from_dict(manifest["schema"], str(folder / MANIFEST)).name
        raise InputError(
            f"{folder} holds pictures of schema {found!r} in {manifest['size']} pixels, this training needs "
            f"{schema.name!r} in {size}: move that folder away"
        )
    return len(PairSet(folder)) >= count


def _extend(folder: Path, sampling: Sampling, schema: Schema, count: int) -> None:
    """Raise the count of a folder that was begun with a smaller one; its characters are the first of the new ones."""
    if not (folder / MANIFEST).is_file():
        return
    manifest = read_manifest(folder)
    content = sampling.parameters(schema, count).astype("<f4").tobytes()
    old = content[: int(manifest["count"]) * schema.n * 4]
    if manifest["count"] >= count or hashlib.sha256(old).hexdigest() != manifest.get("parameters_sha256"):
        return
    manifest |= {"count": count, "parameters_sha256": hashlib.sha256(content).hexdigest()}
    write_whole(folder / PARAMETERS, content)
    write_whole(folder / MANIFEST, json.dumps(manifest, indent=1).encode())


def with_pictures(sources: Sources, folders: dict[str, Path]) -> Sources:
    """Return data sources with the folders of pictures, by kind."""
    return replace(sources, front=folders.get("front", sources.front), varied=folders.get("varied", sources.varied))
