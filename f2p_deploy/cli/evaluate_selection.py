"""The command `f2p-deploy evaluate selection`: Tables 7 and 9 of the paper, people select the best character."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from f2p_deploy.cli import console, options

if TYPE_CHECKING:
    from f2p_deploy.evaluation.selection.selection_set import SelectionSet


def selection(
    methods: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="METHOD=FOLDER",
            help="Two or more methods: a name and a folder of `f2p-deploy run`, or of pictures named as the photos.",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="DIR", help="Folder of the page for judges, and of the results.")
    ] = Path("f2p-selection"),
    choices: Annotated[
        list[Path] | None,
        typer.Option(
            "--choices",
            metavar="FILE|DIR",
            help="Evaluate choices that judges saved: files, or folders of them; may be repeated.",
        ),
    ] = None,
    photos: Annotated[
        Path | None,
        typer.Option(
            "--photos",
            metavar="DIR",
            help="Show these photos; by default the aligned faces in the folders of `f2p-deploy run`.",
        ),
    ] = None,
    common: Annotated[
        bool, typer.Option("--common", help="Leave out photos of which a method has no picture.")
    ] = False,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            min=0,
            max=options.LARGEST_SEED,
            metavar="N",
            help="Random seed of names and orders, and with --choices of the intervals; by default drawn and stored.",
        ),
    ] = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Let people select the best of several methods' characters (Tables 7 and 9 of the paper).

    With METHOD=FOLDER, write selection.html: a page in one file that shows every photo beside the methods' characters,
    without their names and in random order, and saves the choices as a file. key.json tells which is which: keep it.
    With --choices, compute how often each method was selected.
    """
    from f2p_deploy.system.errors import InputError

    if choices and methods:
        raise InputError("give either METHOD=FOLDER, to make a page, or --choices, to evaluate it, not both")
    if choices and (photos is not None or common):
        raise InputError("--photos and --common are for making a page: leave them out with --choices")
    if choices:
        _evaluate(choices, out, seed or 0, as_json)
    else:
        _make(methods or [], out, photos, common, seed, as_json)


def _make(words: list[str], out: Path, photos: Path | None, common: bool, seed: int | None, as_json: bool) -> None:
    """Make the page for judges."""
    from f2p_deploy.evaluation.selection.judge_page import write_judge_page
    from f2p_deploy.evaluation.selection.method_folders import read_methods
    from f2p_deploy.evaluation.selection.selection_set import (
        KEY_FILE,
        PICTURES,
        check_place,
        check_same,
        make_selection,
        write_key,
    )
    from f2p_deploy.pipeline import folder

    methods = read_methods(words)
    seed = check_place(out, seed, methods)
    with console.bar() as bar:
        made = make_selection(methods, photos, common=common, seed=seed, progress=bar.follow("pictures"))
    check_same(made, out)
    for names, alike in made.equal_pictures.items():
        console.sentence(f"{names} have the same picture of {', '.join(alike)}: judges can only guess", "warning")
    folder.prepare_folder(out, (PICTURES,))
    folder.prepare_folder(out / PICTURES, ())
    write_key(made, out)
    page = write_judge_page(made, out)
    if as_json:
        console.emit(_made_data(made, page))
        return
    drawn = f"drawn by the {made.drawn_by}" if made.drawn_by == "engine" else "by the imitator or from files"
    console.result(f"{len(made.photos)} photos, {len(made.methods)} methods, pictures {drawn}")
    console.result(f"page for judges: {page}")
    console.result(f"which picture is whose: {out / KEY_FILE}; judges should not see it")
    console.result(f"then: f2p-deploy evaluate selection --choices CHOICES.json -o {out}")


def _made_data(made: "SelectionSet", page: Path) -> dict[str, object]:
    return {
        "page": str(page),
        "selection": made.digest,
        "seed": made.seed,
        "methods": list(made.methods),
        "drawn_by": made.drawn_by,
        "photos": [photo.name for photo in made.photos],
        "equal_pictures": {names: list(photos) for names, photos in made.equal_pictures.items()},
    }


def _evaluate(paths: list[Path], out: Path, seed: int, as_json: bool) -> None:
    """Compute the selection ratios."""
    from f2p_deploy.evaluation.selection.selection_choices import read_sittings
    from f2p_deploy.evaluation.selection.selection_page import write_selection_results
    from f2p_deploy.evaluation.selection.selection_ratios import measure_selection
    from f2p_deploy.evaluation.selection.selection_set import read_key
    from f2p_deploy.evaluation.selection.selection_tables import selection_data, selection_tables

    opened = read_key(out)
    report = measure_selection(opened, read_sittings(paths, opened), seed)
    page = write_selection_results(report, out, out)
    if as_json:
        console.emit(selection_data(report))
        return
    console.tables(selection_tables(report))
    console.result(f"\npage: {page}")
