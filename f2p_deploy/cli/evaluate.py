"""`f2p-deploy evaluate`: how good a bundle's characters are."""

from pathlib import Path
from typing import Annotated

import typer

from f2p_deploy.cli import choices, console, options
from f2p_deploy.cli.evaluate_likeness import likeness
from f2p_deploy.cli.evaluate_stages import stages

evaluate_app = typer.Typer(
    name="evaluate", no_args_is_help=True, help="Measure how good a bundle's characters are.", rich_markup_mode=None
)


@evaluate_app.callback()
def _group() -> None:
    """Measure how good a bundle's characters are."""


evaluate_app.command(cls=choices.CommandWithChoices)(stages)
evaluate_app.command(cls=choices.CommandWithChoices)(likeness)


@evaluate_app.command(cls=choices.CommandWithChoices)
def landmarks(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO", help="Photos, and folders of photos.")],
    mode: Annotated[
        list[str] | None,
        typer.Option(
            "--mode",
            metavar="MODE",
            autocompletion=choices.complete("measured_modes"),
            help="How characters are made, of {measured_modes}; may be given more than once. All if not given.",
        ),
    ] = None,
    bundle: options.Bundle = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Leave a page, tables and pictures here.")
    ] = None,
    degrade: Annotated[
        bool, typer.Option("--degrade", help="Measure blurred, dark and shrunken copies of the photos, too.")
    ] = False,
    only: options.Only = "all",
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="The first N photos.")] = None,
    imitator: Annotated[bool, typer.Option("--imitator", help="Measure the imitator's pictures, too.")] = False,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", min=0, max=options.LARGEST_SEED, metavar="N", help="Of random characters, noise and intervals."
        ),
    ] = 0,
    landmarker: options.Landmarker = None,
    assets: options.Assets = None,
    threads: options.Threads = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Measure how far characters, drawn by the reference engine, are from the photos' faces.

    MediaPipe finds its mesh in the aligned photo and in the picture of the character; their mean distance over the
    outer-eye distance is compared with the average face's and a random character's. A picture without a face counts
    as infinitely far. Beside it stands the pose-true distance: characters drawn at the photo's pose, expression taken
    out.
    """
    from f2p_deploy.evaluation.landmarks.degrade import CONDITIONS
    from f2p_deploy.evaluation.landmarks.landmark_data import landmarks_as_data
    from f2p_deploy.evaluation.landmarks.landmark_page import write_landmark_results
    from f2p_deploy.evaluation.landmarks.landmark_tables import landmark_report_tables
    from f2p_deploy.evaluation.landmarks.measure_landmarks import (
        check_measured_modes,
        measure_landmarks,
        open_expression_reader,
        open_landmarker,
    )
    from f2p_deploy.model.bundle import load_bundle
    from f2p_deploy.pipeline.drawing import engine_for
    from f2p_deploy.runtimes.torch_runtime import require_torch
    from f2p_deploy.system.errors import InputError, Interrupted
    from f2p_deploy.training.data.photo_choice import select_photos

    modes = check_measured_modes(mode or ())
    require_torch("measuring characters")
    chosen = select_photos(photos, only, limit)
    opened = load_bundle(bundle)
    finder = open_landmarker(landmarker)
    options.announce_compiling(assets)
    engine = engine_for(opened.schema, assets)
    options.use_threads(threads)
    with console.bar() as bar:
        report = measure_landmarks(
            chosen,
            opened,
            engine,
            finder,
            modes,
            only=only,
            imitator=imitator,
            conditions=CONDITIONS if degrade else (),
            seed=seed,
            out=out,
            expression=open_expression_reader(landmarker),
            progress=lambda done, total, doing: bar.update("photos", done, total, doing),
        )
    for refused in report.refused:
        console.sentence(f"refused: {refused.message}", "warning")
    page = None if out is None else write_landmark_results(report, out)
    if report.complete and not report.measured:
        raise InputError("no photo has a usable face")
    if as_json:
        console.emit(landmarks_as_data(report))
    else:
        for table in landmark_report_tables(report):
            console.result(f"\n{table.title}")
            console.table(table.rows, table.headers)
        if page is not None:
            console.result(f"\npage: {page}")
    if not report.complete:
        done = len(report.measured) + len(report.refused)
        raise Interrupted(f"stopped after {done} of {report.total} photos; the figures are those of these")
