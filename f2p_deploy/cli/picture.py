"""The command `f2p-deploy render`: draw a picture of a character's parameters."""

from pathlib import Path
from typing import Annotated

import typer

from f2p_deploy.cli import console, engine_at, options
from f2p_deploy.system.errors import InputError


def render(
    parameters: Annotated[
        Path | None, typer.Argument(metavar="PARAMETERS", help="A character's parameters: .json, .csv or .f32.")
    ] = None,
    average: Annotated[bool, typer.Option("--average", help="Draw the average face.")] = False,
    engine: Annotated[
        bool, typer.Option("--engine", help="Draw with the reference engine instead of the imitator.")
    ] = False,
    at: engine_at.EngineAt = None,
    assets: options.Assets = None,
    bundle: options.Bundle = None,
    artifact: options.Artifact = None,
    runtime: options.RuntimeName = "auto",
    size: Annotated[int | None, typer.Option("--size", metavar="N", help="Edge of the picture in pixels.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="PNG",
            help="The picture; by default drawn.png next to a parameters.json, else x.png for x.json.",
        ),
    ] = None,
    threads: options.Threads = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Draw a character from its parameters, for example after its sliders were edited."""
    if (parameters is None) == (not average):
        raise InputError("give either a file of parameters or --average for the average face")
    from f2p_deploy.character import parameters as characters
    from f2p_deploy.character.folder_files import DRAWN_FILE
    from f2p_deploy.pipeline import drawing
    from f2p_deploy.system import pictures

    picture = out or (_beside(parameters) if parameters else Path("average.png"))
    pictures.check_picture_path(picture)
    if out is None and picture.name != DRAWN_FILE and picture.exists():
        raise InputError(f"{picture} already exists and may be a photo: -o {picture} replaces it")
    opened = options.open_source(bundle, artifact, runtime, threads)
    character = drawing.read_character(parameters, opened.schema) if parameters else characters.average(opened.schema)
    drawer = engine_at.open_drawing_engine(opened.schema, at, assets) if engine or at is not None else None
    drawn = drawing.draw_character(opened, character, drawer, size)
    pictures.write_picture(picture, drawn)
    if as_json:
        drawn_by = "engine" if engine or at is not None else "imitator"
        console.emit(
            {"picture": str(picture), "size": drawn.shape[0], "drawn_by": drawn_by, "bundle": opened.bundle_name}
        )
    else:
        console.result(str(picture))


def _beside(parameters: Path) -> Path:
    """Return the default path of a picture: in the character's folder if a run made it, else in the current folder."""
    from f2p_deploy.character.folder_files import DRAWN_FILE, PARAMETERS_FILE

    if parameters.name == PARAMETERS_FILE:
        return parameters.with_name(DRAWN_FILE)  # never anna.png, which may be the photo's name
    return Path(f"{parameters.stem}.png")
