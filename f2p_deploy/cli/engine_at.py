"""The option `--engine-at`: another engine than the reference engine draws."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from f2p_deploy.cli import options

if TYPE_CHECKING:
    from f2p_deploy.character.schema import Schema
    from f2p_deploy.engine.engine import Engine

EngineAt = Annotated[
    str | None,
    typer.Option(
        "--engine-at",
        metavar="WHERE",
        help="Draw with your own engine: tcp://HOST:PORT, module:Class in Python, or a folder of its pictures.",
    ),
]


def open_drawing_engine(schema: "Schema", where: str | None, assets: Path | None, announce: bool = True) -> "Engine":
    """Return the engine at a place, or the reference engine if there is none.

    Args:
        schema: of the characters.
        where: the value of `--engine-at`.
        assets: the reference engine's.
        announce: say that the reference engine will be compiled first.

    Raises:
        InputError: there is no engine of this schema.
        MissingDependency: the reference engine is not installed.
    """
    from f2p_deploy.pipeline.drawing import check_own_engine, engine_for

    if where is None:
        check_own_engine(schema)
        if announce:
            options.announce_compiling(assets)
    return engine_for(schema, assets, where)
