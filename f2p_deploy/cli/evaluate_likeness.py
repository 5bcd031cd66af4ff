"""The command `f2p-deploy evaluate likeness`: measure how often a face recogniser matches characters to photos."""

from pathlib import Path
from typing import Annotated

import typer

from f2p_deploy.cli import choices, console, engine_at, options


def likeness(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO", help="Photos and folders, one photo per person.")],
    judge: Annotated[
        Path,
        typer.Option(
            "--judge",
            metavar="FILE",
            help="A face recognition network, .onnx or .tflite, with 112-pixel crops as input.",
        ),
    ],
    mode: Annotated[
        list[str] | None,
        typer.Option(
            "--mode",
            metavar="MODE",
            autocompletion=choices.complete("measured_modes"),
            help="Mode in which characters are made: {measured_modes}; may be repeated. One-shot and hybrid if not "
            "given.",
        ),
    ] = None,
    bundle: options.Bundle = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Write a page with every face and a table to DIR.")
    ] = None,
    only: options.Only = "all",
    limit: options.Limit = None,
    age_sex: Annotated[
        Path | None,
        typer.Option(
            "--age-sex",
            metavar="FILE",
            help="Also judge sex and age, with age_gender_model-weights_manifest.json of the npm package "
            "@vladmandic/face-api; its .bin must be in the same folder.",
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", metavar="FILE.csv", help="Compare with this table of labels, as in training."),
    ] = None,
    imitator: Annotated[bool, typer.Option("--imitator", help="Also judge the imitator's pictures.")] = False,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", min=0, max=options.LARGEST_SEED, metavar="N", help="Random seed of the confidence intervals."
        ),
    ] = 0,
    landmarker: options.Landmarker = None,
    at: engine_at.EngineAt = None,
    assets: options.Assets = None,
    threads: options.Threads = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Measure how well a face recogniser matches characters, drawn by the engine, to their photos.

    The judge is a recogniser of your choice that was not used in training. It embeds each photo and each character;
    rank-1 is the share of characters whose own photo is the most similar. A recogniser alone is a lenient measure, so
    skin, options and sliders are measured as well, sex and age with --age-sex, and labels with --labels.
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
    from f2p_deploy.runtimes.torch_runtime import require_torch
    from f2p_deploy.system.errors import InputError, Interrupted
    from f2p_deploy.training.data.photo_choice import photo_name, select_photos

    modes = check_measured_modes(mode or ("one-shot", "hybrid"))
    require_torch("measuring characters")
    chosen = select_photos(photos, only, limit)
    require_people(len(chosen))
    from f2p_deploy.training.data.age_sex import AgeSexJudge
    from f2p_deploy.training.data.labels import read_labels

    judging = FileJudge(judge)
    opened = load_bundle(bundle)
    ages = None if age_sex is None else AgeSexJudge(age_sex)
    label_table = None if labels is None else read_labels(labels, opened.schema)
    if label_table is not None and not {photo_name(photo) for photo in chosen} & set(label_table.names):
        raise InputError(
            f"{labels} names none of these photos: a photo's name is its folder and file, such as "
            f"{photo_name(chosen[0])}"
        )
    finder = open_landmarker(landmarker)
    engine = engine_at.open_drawing_engine(opened.schema, at, assets, announce=False)
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
            labels=label_table,
            progress=bar.follow("photos"),
        )
    for refused in report.refused:
        console.sentence(f"refused: {refused.message}", "warning")
    done = len(report.people) + len(report.refused)
    if not report.complete and len(report.people) < FEWEST_PEOPLE:
        raise Interrupted(f"stopped after {done} of {report.total} photos, too few to measure likeness")
    page = None if out is None else write_likeness_results(report, out)
    if as_json:
        console.emit(likeness_as_data(report))
    else:
        console.tables(likeness_report_tables(report))
        console.result(f"\ndrawn by {report.engine}")
        if page is not None:
            console.result(f"\npage: {page}")
    if not report.complete:
        raise Interrupted(f"stopped after {done} of {report.total} photos; the figures cover only these")
