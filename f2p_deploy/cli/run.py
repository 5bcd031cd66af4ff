"""The command `f2p-deploy run`: make characters from photos."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from f2p_deploy.cli import characters_open, choices, console, engine_at, options, written
from f2p_deploy.system.names import shown

if TYPE_CHECKING:
    from f2p_deploy.pipeline import Report


def run(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO", help="Photos, and folders of photos.")],
    mode: Annotated[
        list[str],
        typer.Option(
            "--mode",
            metavar="MODE",
            autocompletion=choices.complete("modes"),
            help="Mode in which characters are made: {modes}; may be repeated for several characters per photo.",
        ),
    ] = ["auto"],  # noqa: B006 - typer wants a list and copies it
    compare: Annotated[
        bool, typer.Option("--compare", help="Make characters in every mode, for comparison; replaces --mode.")
    ] = False,
    bundle: options.Bundle = None,
    artifact: options.Artifact = None,
    bundles: Annotated[
        Path | None,
        typer.Option(
            "--bundles",
            metavar="DIR",
            help="Several characters: a folder with a bundle or an artifact for each, such as adult-male, adult-female "
            "and girl; characters.toml in it may say whom each is for.",
        ),
    ] = None,
    character: Annotated[
        str,
        typer.Option(
            "--character",
            metavar="auto|NAME",
            help="The character of --bundles to make; auto chooses one for each photo by the person's sex and age.",
        ),
    ] = "auto",
    runtime: options.RuntimeName = "auto",
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Folder of the results.")] = Path("f2p-out"),
    fast: options.Fast = None,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Also take the photos in subfolders.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Make every character again, even if an earlier run made the same.")
    ] = False,
    face: Annotated[
        int | None, typer.Option("--face", min=1, metavar="N", help="Face to use in each photo; 1 is the largest.")
    ] = None,
    landmarker: options.Landmarker = None,
    landmarks: options.Landmarks = None,
    offline: options.Offline = False,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="PARAMETERS.json", help="Keep the values that are locked in this file."),
    ] = None,
    engine: Annotated[bool, typer.Option("--engine", help="Also draw them with the reference engine.")] = False,
    at: engine_at.EngineAt = None,
    assets: options.Assets = None,
    write: written.Write = None,
    template: written.Template = None,
    mapping: written.Mapping = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=1,
            metavar="N",
            help="Number of parallel processes, each of which loads all networks; by default as many as the photos and "
            "the cores are worth, and one with --threads, --engine or --engine-at.",
        ),
    ] = None,
    threads: options.Threads = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Make editable characters from photos.

    Writes OUT/<photo>/parameters.json, aligned.png and character.png for each photo, and OUT/index.html and
    OUT/summary.csv for all; with --write, OUT/<photo>/formats for other programs. With several modes the folders are
    OUT/<photo>-<mode>, and the page has one card per photo.
    A photo without a usable face does not stop the others. Characters that an earlier run made from the same photo with
    the same settings are kept, so a stopped run continues. The exit code is 0 if every photo became a character, and 2
    if one or more did not.
    """
    from f2p_deploy.alignment.photo_files import find
    from f2p_deploy.pipeline import choose_finder_for, create_characters
    from f2p_deploy.pipeline.drawing import read_character
    from f2p_deploy.pipeline.folder import refuse_measurement
    from f2p_deploy.pipeline.mode import modes_of
    from f2p_deploy.pipeline.written_formats import write_report_formats

    modes = modes_of(mode, compare)
    refuse_measurement(out)
    find(photos, recursive, out)
    draw = (lambda schema: engine_at.open_drawing_engine(schema, at, assets)) if engine or at is not None else None
    opened, first, drawing = characters_open.open_characters(
        bundle, artifact, bundles, character, runtime, threads, fast, draw
    )
    kept = None if keep is None else read_character(keep, first.schema)
    if write or template:
        characters_open.require_one_schema(opened, "--write and --template")
    formats = written.open_formats(write, template, mapping, first.schema, assets)
    finder = choose_finder_for(landmarker, landmarks, offline)
    with console.bar() as bar:
        report = create_characters(
            photos,
            opened,
            out,
            modes,
            finder=finder,
            face=face,
            keep=kept,
            engine=drawing,
            recursive=recursive,
            again=again,
            workers=workers,
            threads=threads,
            progress=bar.follow("photos"),
        )
    files = write_report_formats(report, formats)
    if as_json:
        console.emit(report.to_dict() | {"written": list(map(str, files))})
    else:
        show(report)
        if files:
            count = "" if len(files) == 1 else f"{len(files)} files, such as "
            console.result(f"written: {count}{shown(files[0])}")
    if report.failed:
        raise typer.Exit(2)


def show(report: "Report") -> None:
    """Print the results: warnings and failures as sentences, characters as a table."""
    for note in (report.finder, *report.notes):
        console.sentence(note)
    warnings = (f"{result.photo.name}: {warning}" for result in report.characters for warning in result.remarks)
    for warning in dict.fromkeys(warnings):
        console.sentence(warning, "warning")
    for failure in report.failed:
        console.sentence(failure.message, "error")
    rows = [
        (
            result.photo.name,
            *([result.character.name] if result.character else []),
            result.mode,
            f"{result.losses[0]:.4f} -> {result.losses[-1]:.4f}" if result.losses else "-",
            "kept" if result.kept else f"{result.generation_seconds:.2f} s",
            str(report.out / result.name),
        )
        for result in report.characters
    ]
    if rows:
        chosen = ("character",) if any(result.character for result in report.characters) else ()
        console.table(rows, ("photo", *chosen, "mode", "loss", "time", "folder" if chosen else "character"))
    if report.created:
        console.result(f"made with {report.made_with}")
    for result in report.characters if len(report.characters) == 1 else ():
        if result.character:
            console.result(f"{result.character.name}: {result.character.reason}")
        console.result(f"{result.mode}: {result.mode_reason}")
    console.result(f"page: {shown(report.page)}")
