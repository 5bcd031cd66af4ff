"""The command `f2p-deploy evaluate stages`: find the stage that limits a bundle's results."""

from pathlib import Path
from typing import Annotated

import typer

from f2p_deploy.cli import console, options


def stages(
    bundle: options.Bundle = None,
    front: Annotated[
        Path | None,
        typer.Option("--front", metavar="DIR", help="Rendered pairs of the front view; rendered if not given."),
    ] = None,
    varied: Annotated[
        Path | None, typer.Option("--varied", metavar="DIR", help="Rendered pairs in varied scenes.")
    ] = None,
    portraits: Annotated[
        list[Path] | None,
        typer.Option("--portraits", metavar="DIR", help="A folder of photos; may be repeated."),
    ] = None,
    pictures: Annotated[
        int,
        typer.Option(
            "--pictures", min=3, metavar="N", help="Largest number each of front renders, varied characters, photos."
        ),
    ] = 100,
    searches: Annotated[
        int, typer.Option("--searches", min=0, metavar="N", help="Number of faces to run iterative generation on.")
    ] = 3,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Write a page, and rendered pairs, to DIR.")
    ] = None,
    landmarker: options.Landmarker = None,
    assets: options.Assets = None,
    seed: Annotated[
        int,
        typer.Option(
            "--seed",
            min=0,
            max=options.LARGEST_SEED,
            metavar="N",
            help="Random seed of rendered characters and search starts.",
        ),
    ] = 0,
    threads: options.Threads = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Measure every stage in isolation and name the one that limits the result.

    Only held-out data of the training folders is used: the last front pairs, the last characters in varied scenes, and
    one photo in eight. Without folders, new characters are rendered with the reference engine.
    """
    from f2p_deploy.system.extras import missing_modules, require

    if "torch" in missing_modules("export"):
        require("export", "evaluating stages")
    from f2p_deploy.alignment import choose_finder
    from f2p_deploy.evaluation.stages.measure_stages import StageSources, evaluate_stages
    from f2p_deploy.evaluation.stages.stage_page import SUMMARY_HEADERS, summary_rows, write_stage_page
    from f2p_deploy.model.bundle import load_bundle
    from f2p_deploy.pipeline import folder

    if out is not None:
        folder.refuse_characters(out)
    options.use_threads(threads)
    opened = load_bundle(bundle)
    finder = choose_finder(landmarker) if portraits else None
    sources = StageSources(front, varied, tuple(portraits or ()), finder, assets)
    if front is None:
        options.announce_compiling(assets)
    with console.bar() as bar:

        def shown(doing: str, done: float = 0.0, total: float = 0.0, /) -> None:
            bar.update(doing, done, total, doing)

        report = evaluate_stages(opened, sources, pictures, searches, seed, out and out / "pairs", shown)
    page = None if out is None else write_stage_page(report, out)
    if as_json:
        console.emit({**report.as_data(), "page": None if page is None else str(page)})
        return
    console.table(summary_rows(report), SUMMARY_HEADERS)
    console.result(f"\n{report.sentence}")
    if page is not None:
        console.result(f"page: {page}")
