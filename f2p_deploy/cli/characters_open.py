"""What makes the characters of `run`: a bundle or an artifact, or a set of them with `--bundles` and `--character`."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from f2p_deploy.cli import options
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.character.schema import Schema
    from f2p_deploy.engine.engine import Engine
    from f2p_deploy.pipeline import CharacterSet
    from f2p_deploy.runtimes import Runtime


def open_characters(
    bundle: Path | None,
    artifact: Path | None,
    bundles: Path | None,
    character: str,
    runtime: str,
    threads: int | None,
    fast: bool | None,
    draw: "Callable[[Schema], Engine] | None",
) -> "tuple[Runtime | CharacterSet, Runtime, Engine | None]":
    """Return what makes the characters: one runtime, or a set; then its first runtime, and its engine unless a set.

    Raises:
        InputError: options that exclude one another; see `open_source` and `open_character_set`.
    """
    if bundles is None:
        if character != "auto":
            raise InputError(f"--character {character} is one of several: name their folder with --bundles")
        opened = options.open_source(bundle, artifact, runtime, threads)
        opened.fast = fast
        return opened, opened, draw(opened.schema) if draw else None
    if bundle or artifact:
        raise InputError("--bundles holds the bundles of all characters: leave out --bundle and --artifact")
    from f2p_deploy.model.bundle import HEADER
    from f2p_deploy.pipeline import open_character_set

    def open_one(folder: Path) -> "Runtime":
        is_bundle = (folder / HEADER).is_file()
        return options.open_source(folder if is_bundle else None, None if is_bundle else folder, runtime, threads)

    characters = open_character_set(bundles, character, open_one)
    for one in characters.runtimes.values():
        one.fast = fast
    if draw:
        characters = replace(characters, engines={name: draw(one.schema) for name, one in characters.runtimes.items()})
    return characters, next(iter(characters.runtimes.values())), None


def require_one_schema(opened: "Runtime | CharacterSet", what: str) -> None:
    """Raise unless all characters are of one schema.

    Args:
        opened: of `open_characters`.
        what: needs that, as the subject of the error message.
    """
    schemas = {one.schema.fingerprint: one.schema.name for one in getattr(opened, "runtimes", {}).values()}
    if len(schemas) > 1:
        names = ", ".join(schemas.values())
        raise InputError(f"{what} take characters of one schema, these are of {names}: choose one with --character")
