"""The command `f2p-deploy convert`: parameter files in the formats of other programs."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from f2p_deploy.cli import choices, console, options, written
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.names import shown

if TYPE_CHECKING:
    from f2p_deploy.character.schema import Schema

#: The value of `-o` for standard output.
STDOUT = Path("-")


def convert(
    parameters: Annotated[
        list[Path],
        typer.Argument(metavar="PARAMETERS", help="Characters: .json, .csv or .f32 files, and folders of a run."),
    ],
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="FORMAT", autocompletion=choices.complete("formats"), help="The format: {formats}."
        ),
    ] = None,
    template: written.Template = None,
    mapping: written.Mapping = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="PLACE",
            help="A folder, created if needed; a file with a suffix for one character or for csv; or - for standard "
            "output.",
        ),
    ] = None,
    schema: Annotated[
        str | None,
        typer.Option(
            "--schema",
            metavar="NAME|FILE.toml",
            autocompletion=choices.complete("schemas"),
            help="Schema of the characters: {schemas}, or a file; by default the bundle's, or the one that the first "
            "JSON file names.",
        ),
    ] = None,
    bundle: options.Bundle = None,
    assets: options.Assets = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Write characters in a format of other programs, or in your own by a template.

    csv is one table for all characters; every other format is a file for each. Existing files are replaced, except
    those that the command reads.
    """
    if (to is None) == (template is None):
        raise InputError("give either --to with a format or --template with a file to fill")
    if out is None:
        raise InputError("give -o with a file, a folder, or - for standard output")
    from f2p_deploy.pipeline.written_formats import convert_characters, named_characters, parameter_files

    loaded = _schema_of(schema, bundle, parameters)
    characters = named_characters(parameters, loaded)
    formats = written.open_formats([] if to is None else [to], template, mapping, loaded, assets)
    if out == STDOUT:
        if as_json:
            raise InputError("-o - and --json both write to standard output: give one of them")
        sys.stdout.buffer.write(formats.only(characters))
        sys.stdout.buffer.flush()
        return
    read = [file for path in parameters for file in parameter_files(path)]
    read += [path for path in (template, mapping) if path is not None]
    files = convert_characters(characters, formats, out, read)
    if as_json:
        console.emit({"characters": len(characters), "written": list(map(str, files))})
    else:
        for file in files:
            console.result(shown(file))


def _schema_of(name: str | None, bundle: Path | None, files: list[Path]) -> "Schema":
    """Return the schema of the command line, of a bundle, or that a JSON file names."""
    from f2p_deploy.character.schema import load_schema, shipped_schemas

    if name is not None:
        return load_schema(name)
    if bundle is not None:
        return options.open_source(bundle, None, "auto", None).schema
    from f2p_deploy.pipeline.written_formats import parameter_files

    first = parameter_files(files[0])[0]
    try:
        named = json.loads(first.read_bytes())["schema"] if first.suffix.lower() == ".json" else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        named = None  # reading it as parameters will say what is wrong
    if named is None or isinstance(named, str) and named in shipped_schemas():
        return load_schema(named or "makehuman")
    raise InputError(f"{first} is of schema {named!r}, which is not shipped: give --schema FILE.toml or --bundle")
