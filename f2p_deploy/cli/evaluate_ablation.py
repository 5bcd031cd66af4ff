"""The command `f2p-deploy evaluate ablation`: Table 8 of the paper, translators with parts of the losses."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from f2p_deploy.cli import console, options
from f2p_deploy.cli.evaluate_verification import PairLimit, People, check_aligned, open_sets


def ablation(
    portraits: Annotated[
        list[Path],
        typer.Option("--portraits", metavar="DIR", help="A folder of photos to train on; may be repeated."),
    ],
    pairs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PAIRS", help="Sets of pairs, as for `evaluate verification`."),
    ] = None,
    people: People = None,
    bundle: options.Bundle = None,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="DIR", help="Folder of the page and of the training states.")
    ] = Path("f2p-ablation"),
    steps: Annotated[int, typer.Option("--steps", min=1, metavar="N", help="Updates of each translator.")] = 2500,
    batch: Annotated[int, typer.Option("--batch", min=2, metavar="N", help="Photos of an update.")] = 8,
    learning_rate: Annotated[float, typer.Option("--lr", metavar="RATE", help="Learning rate.")] = 1e-3,
    aligned: Annotated[
        str,
        typer.Option("--aligned", metavar="HOW", help="How the pairs are aligned, as for `evaluate verification`."),
    ] = "no",
    limit: PairLimit = None,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", min=0, max=options.LARGEST_SEED, metavar="N", help="Random seed of weights, order and pairs."
        ),
    ] = 0,
    landmarker: options.Landmarker = None,
    threads: options.Threads = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Train a translator for every row of the paper's Table 8, and measure each by face verification.

    Rows: the content loss alone; with the identity loss; all losses without residual attention; all. The bundle needs
    imitator, recognition and segmentation, and is not changed. The same command continues a stopped measurement.
    """
    import json

    from f2p_deploy.alignment import choose_finder
    from f2p_deploy.evaluation.verification.ablation_tables import ablation_tables, write_ablation
    from f2p_deploy.evaluation.verification.measure_ablation import ablation_json, measure_ablation, require_ablation
    from f2p_deploy.model.bundle import load_bundle
    from f2p_deploy.pipeline import folder
    from f2p_deploy.pipeline.finder import identify_finder
    from f2p_deploy.system.extras import require
    from f2p_deploy.system.threads import usable_cores
    from f2p_deploy.training.data.aligning import FinderProcesses
    from f2p_deploy.training.data.portraits import load_portraits
    from f2p_deploy.training.schedule import Schedule

    require("train", "the ablation")
    check_aligned(aligned)
    opened = load_bundle(bundle)
    require_ablation(opened)
    schedule = Schedule(steps=steps, batch=batch, optimiser="adam", learning_rate=learning_rate, decay="cosine")
    sets = [one.at_most(limit) for one in open_sets(pairs or [], people, "auto", seed, out)]
    folder.prepare_folder(out, ())
    options.use_threads(threads)
    opener = partial(choose_finder, landmarker, None)
    finder = opener()
    with console.bar() as bar:
        photos = load_portraits(
            portraits,
            finder,
            opened.settings.alignment,
            opened.settings.architecture.image_size,
            out / "training" / "faces",
            lambda done, total: bar.update("faces", done, total, "finding faces"),
            FinderProcesses(threads or usable_cores(), opener),
            identify_finder(finder, landmarker, None)[1],
        )
        of_pairs = finder if aligned == "no" else None
        results = measure_ablation(
            opened, photos, sets, schedule, of_pairs, out / "training", seed, progress=bar.follow("rows")
        )
    page = write_ablation(results, schedule, opened.label, out)
    if as_json:
        console.emit(json.loads(ablation_json(results, schedule)))
        return
    console.tables(ablation_tables(results, schedule))
    console.result(f"\npage: {page}")
