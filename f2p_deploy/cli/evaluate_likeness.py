"""`f2p-deploy evaluate likeness`: does a face recogniser find the right photo for a character?"""

from pathlib import Path
from typing import Annotated

import typer

from f2p_deploy.cli import choices, console, options


def likeness(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO", help="Photos, and folders, one photo a person.")],
    judge: Annotated[
        Path,
        typer.Option(
            "--judge",
            metavar="FILE",
            help="A face recognition network, .onnx or .tflite, that takes 112-pixel crops.",
        ),
    ],
    mode: Annotated[
        list[str] | None,
        typer.Option(
            "--mode",
            metavar="MODE",
            autocompletion=choices.complete("measured_modes"),
            help="How characters are made, of {measured_modes}; may be given more than once. One-shot and hybrid if "
            "not given.",
        ),
    ] = None,
    bundle: options.Bundle = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Leave a page with every face and a table here.")
    ] = None,
    only: options.Only = "all",
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="The first N photos.")] = None,
    age_sex: Annotated[
        Path | None,
        typer.Option(
            "--age-sex",
            metavar="FILE",
            help="Judge sex and age, too: face-api's age_gender_model-weights_manifest.json, of npm's "
            "@vladmandic/face-api, the .bin beside it.",
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", metavar="FILE.csv", help="Compare with what is known of photos, as in training."),
    ] = None,
    imitator: Annotated[bool, typer.Option("--imitator", help="Judge the imitator's pictures, too.")] = False,
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=options.LARGEST_SEED, metavar="N", help="Of the intervals.")
    ] = 0,
    landmarker: options.Landmarker = None,
    assets: options.Assets = None,
    threads: options.Threads = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Measure whether characters, drawn by the reference engine, are recognised.

    The judge, a recogniser of your choice that took no part in training, describes each photo and each character;
    rank-1 is how often the right photo comes first. Beside it stand skin, options and sliders, with --age-sex sex and
    age, and with --labels people's own words, since a recogniser is easily pleased.
    """
    from f2p_deploy.evaluation.landmarks.measure_landmarks import check_measured_modes, open_landmarker
    from f2p_deploy.evaluation.likeness.identification import FEWEST_PEOPLE, require_people
    from f2p_deploy.evaluation.likeness.judge import FileJudge
    from f2p_deploy.evaluation.likeness.likeness_page import (
        likeness_as_data,
        likeness_report_tables,
        write_likeness_results,
    )
    from f2p_deploy.evaluation.likeness.measure_likeness import measure_likeness
    from f2p_deploy.model.bundle import load_bundle
    from f2p_deploy.pipeline import folder
    from f2p_deploy.pipeline.drawing import engine_for
    from f2p_deploy.runtimes.torch_runtime import require_torch
    from f2p_deploy.system.errors import InputError, Interrupted
    from f2p_deploy.training.data.photo_choice import photo_name, select_photos

    modes = check_measured_modes(mode or ("one-shot", "hybrid"))
    require_torch("measuring characters")
    chosen = select_photos(photos, only, limit)
    require_people(len(chosen))
    from f2p_deploy.training.data.age_sex import AgeSexJudge
    from f2p_deploy.training.train_reader import read_labels

    judging = FileJudge(judge)
    opened = load_bundle(bundle)
    ages = None if age_sex is None else AgeSexJudge(age_sex)
    told = None if labels is None else read_labels(labels, opened.schema)
    if told is not None and not {photo_name(photo) for photo in chosen} & set(told.names):
        raise InputError(
            f"{labels} names none of these photos: a photo is called by its folder and file, as {photo_name(chosen[0])}"
        )
    finder = open_landmarker(landmarker)
    engine = engine_for(opened.schema, assets)
    if out is not None:
        folder.prepare_folder(out, ())
    options.use_threads(threads)
    with console.bar() as bar:
        report = measure_likeness(
            chosen,
            opened,
            engine,
            finder,
            judging,
            modes,
            only=only,
            imitator=imitator,
            seed=seed,
            age_sex=ages,
            labels=told,
            progress=lambda done, total, doing: bar.update("photos", done, total, doing),
        )
    for refused in report.refused:
        console.sentence(f"refused: {refused.message}", "warning")
    done = len(report.people) + len(report.refused)
    if not report.complete and len(report.people) < FEWEST_PEOPLE:
        raise Interrupted(f"stopped after {done} of {report.total} photos, too few for figures")
    page = None if out is None else write_likeness_results(report, out)
    if as_json:
        console.emit(likeness_as_data(report))
    else:
        for table in likeness_report_tables(report):
            console.result(f"\n{table.title}")
            console.table(table.rows, table.headers)
            console.result(table.text)
        if page is not None:
            console.result(f"\npage: {page}")
    if not report.complete:
        raise Interrupted(f"stopped after {done} of {report.total} photos; the figures are those of these")
