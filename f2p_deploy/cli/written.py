"""The options `--write`, `--template` and `--mapping`: characters in the formats of other programs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from f2p_deploy.cli import choices, options
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.character.schema import Schema
    from f2p_deploy.pipeline.written_formats import Formats

Write = Annotated[
    list[str] | None,
    typer.Option(
        "--write",
        metavar="FORMAT",
        autocompletion=choices.complete("formats"),
        help="Also write characters in a format for other programs: {formats}; may be repeated.",
    ),
]
Template = Annotated[
    Path | None,
    typer.Option("--template", metavar="FILE", help="Also fill this text in your own format for each character."),
]
Mapping = Annotated[
    Path | None,
    typer.Option("--mapping", metavar="FILE.toml", help="Names, ranges and options of the template's placeholders."),
]


def open_formats(
    names: list[str] | None, template: Path | None, mapping: Path | None, schema: "Schema", assets: Path | None
) -> "Formats":
    """Return the formats that were asked for, checked before slow work.

    Raises:
        InputError: an unknown format, one that the schema has no characters in, or a wrong template or mapping.
        MissingDependency: the reference engine is not installed.
    """
    from f2p_deploy.character.template_file import FilledTemplate
    from f2p_deploy.pipeline.written_formats import Formats

    if mapping is not None and template is None:
        raise InputError("--mapping is for the placeholders of --template, which was not given")
    if "gltf" in (names or ()):
        options.announce_compiling(assets)
    filled = None if template is None else FilledTemplate(template, mapping, schema)
    return Formats(tuple(names or ()), schema, filled, assets)
