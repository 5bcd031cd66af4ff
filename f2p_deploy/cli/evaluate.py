"""The commands `f2p-deploy evaluate`: measure the quality of a bundle's characters."""

from pathlib import Path
from typing import Annotated

import typer

from f2p_deploy.cli import choices, console, engine_at, options
from f2p_deploy.cli.evaluate_ablation import ablation
from f2p_deploy.cli.evaluate_likeness import likeness
from f2p_deploy.cli.evaluate_pose import pose
from f2p_deploy.cli.evaluate_priors import priors
from f2p_deploy.cli.evaluate_selection import selection
from f2p_deploy.cli.evaluate_stages import stages
from f2p_deploy.cli.evaluate_verification import verification

evaluate_app = typer.Typer(
    name="evaluate", no_args_is_help=True, help="Measure the quality of a bundle's characters.", rich_markup_mode=None
)


@evaluate_app.callback()
def _group() -> None:
    """Measure the quality of a bundle's characters."""


evaluate_app.command(cls=choices.CommandWithChoices)(stages)
evaluate_app.command(cls=choices.CommandWithChoices)(likeness)
evaluate_app.command(cls=choices.CommandWithChoices)(verification)
evaluate_app.command(cls=choices.CommandWithChoices)(ablation)
evaluate_app.command(cls=choices.CommandWithChoices)(selection)
evaluate_app.command(cls=choices.CommandWithChoices)(priors)
evaluate_app.command(cls=choices.CommandWithChoices)(pose)


@evaluate_app.command(cls=choices.CommandWithChoices)
def landmarks(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO", help="Photos, and folders of photos.")],
    mode: options.MeasuredModes = None,
    bundle: options.Bundle = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Write a page, tables and pictures to DIR.")
    ] = None,
    degrade: Annotated[
        bool, typer.Option("--degrade", help="Also measure blurred, dark and shrunken copies of the photos.")
    ] = False,
    only: options.Only = "all",
    limit: options.Limit = None,
    imitator: Annotated[bool, typer.Option("--imitator", help="Also measure the imitator's pictures.")] = False,
    seed: Annotated[
        int,
        typer.Option(
            "--seed",
            min=0,
            max=options.LARGEST_SEED,
            metavar="N",
            help="Random seed of characters, noise and confidence intervals.",
        ),
    ] = 0,
    landmarker: options.Landmarker = None,
    at: engine_at.EngineAt = None,
    assets: options.Assets = None,
    threads: options.Threads = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Measure the landmark distance between photos and their characters, drawn by an engine.

    MediaPipe finds its mesh in the aligned photo and in the character's picture. The measure is mean mesh distance /
    outer-eye distance, and it is compared with that of the average face and of a random character. A picture without a
    face counts as infinitely far. The pose-true distance is measured as well: characters are drawn at the photo's pose,
    and the photo's expression is removed.
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
    from f2p_deploy.runtimes.torch_runtime import require_torch
    from f2p_deploy.system.errors import InputError, Interrupted
    from f2p_deploy.training.data.photo_choice import select_photos

    modes = check_measured_modes(mode or ())
    require_torch("measuring characters")
    chosen = select_photos(photos, only, limit)
    opened = load_bundle(bundle)
    finder = open_landmarker(landmarker)
    engine = engine_at.open_drawing_engine(opened.schema, at, assets)
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
            progress=bar.follow("photos"),
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
        console.result(f"\ndrawn by {report.engine}")
        if page is not None:
            console.result(f"\npage: {page}")
    if not report.complete:
        done = len(report.measured) + len(report.refused)
        raise Interrupted(f"stopped after {done} of {report.total} photos; the figures cover only these")
