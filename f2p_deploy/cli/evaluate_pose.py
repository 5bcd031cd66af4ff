"""The command `f2p-deploy evaluate pose`: Fig. 11 of the paper, characters of turned heads."""

from pathlib import Path
from typing import Annotated

import typer

from f2p_deploy.cli import console, engine_at, options


def pose(
    photos: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PHOTO", help="Turn the heads of these photos' characters; random ones if not given."),
    ] = None,
    people: Annotated[
        Path | None,
        typer.Option(
            "--people",
            metavar="DIR",
            help="Measure photos of people: a folder with a subfolder for each. Else the engine draws turned heads.",
        ),
    ] = None,
    mode: options.MeasuredModes = None,
    bundle: options.Bundle = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Write a page with pictures, and JSON, to DIR.")
    ] = None,
    count: Annotated[
        int, typer.Option("--count", min=1, max=10000, metavar="N", help="Number of characters, or most people.")
    ] = 8,
    step: Annotated[
        int, typer.Option("--step", min=5, max=60, metavar="N", help="Degrees between two yaws, from -60 to 60.")
    ] = 15,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            min=0,
            max=options.LARGEST_SEED,
            metavar="N",
            help="Random seed of the random characters, 0 if not given.",
        ),
    ] = None,
    landmarker: options.Landmarker = None,
    at: engine_at.EngineAt = None,
    assets: options.Assets = None,
    threads: options.Threads = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Measure how far a character moves when the head in the photo is turned (Fig. 11 and 13 of the paper).

    The engine draws known characters with the head at every yaw from -60 to 60 degrees: those of photos, by hybrid
    generation, or random ones. Each picture is a photo, and its character, drawn from the front, is compared with the
    one of the frontal photo. With --people, each person's photos are compared with the most frontal one, by their
    measured yaw.
    """
    from f2p_deploy.evaluation.landmarks.measure_landmarks import check_measured_modes, open_landmarker
    from f2p_deploy.evaluation.pose.measure_pose import measure_pose
    from f2p_deploy.evaluation.pose.pose_page import pose_data, pose_tables, write_pose_results
    from f2p_deploy.evaluation.pose.pose_series import (
        characters_of_photos,
        drawn_series,
        people_series,
        random_characters,
        sweep_yaws,
    )
    from f2p_deploy.model.bundle import load_bundle
    from f2p_deploy.pipeline import folder
    from f2p_deploy.runtimes.torch_runtime import TorchRuntime, require_torch
    from f2p_deploy.system.errors import InputError, Interrupted
    from f2p_deploy.training.data.photo_choice import select_photos

    modes = check_measured_modes(mode or ())
    yaws = sweep_yaws(step)
    if photos and people is not None:
        raise InputError("give either photos, whose characters are drawn, or --people, not both")
    if seed is not None and (photos or people is not None):
        raise InputError("--seed is for random characters: leave it out with photos")
    require_torch("measuring characters")
    chosen = select_photos(photos, "all", count) if photos else ()
    listed = None if people is None else people_series(people, count)
    if out is not None:
        folder.refuse_characters(out)
    opened = load_bundle(bundle)
    finder = open_landmarker(landmarker)
    engine = engine_at.open_drawing_engine(opened.schema, at, assets)
    options.use_threads(threads)
    if out is not None:
        folder.prepare_folder(out, ())
    if listed is None:
        characters = random_characters(opened.schema, count, seed or 0)
        if chosen:
            characters = characters_of_photos(chosen, TorchRuntime(opened), finder)
        heads, total = drawn_series(engine, characters, yaws), len(characters)
    else:
        heads, total = iter(listed), len(listed)
    with console.bar() as bar:
        report = measure_pose(heads, total, opened, engine, finder, modes, yaws, progress=bar.follow("heads"))
    if not report.series:
        if not report.complete:
            raise Interrupted("stopped before the first head was measured")
        raise InputError("no head has a usable frontal photo")
    page = None if out is None else write_pose_results(report, out)
    if as_json:
        console.emit(pose_data(report))
    else:
        console.tables(pose_tables(report))
        if page is not None:
            console.result(f"\npage: {page}")
    if not report.complete:
        raise Interrupted(f"stopped after {len(report.series)} of {total} heads; the figures cover only these")
