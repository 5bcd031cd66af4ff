"""The command `f2p-deploy train`: train a bundle's networks on rendered pairs and photos."""

import shlex
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from f2p_deploy.cli import choices, console, options, train_pictures
from f2p_deploy.system.errors import InputError

#: The word that stands for all stages in order.
ALL = "all"


def train(
    stage: Annotated[
        str,
        typer.Argument(metavar="STAGE", autocompletion=choices.complete("stages"), help="One of {stages}."),
    ],
    front: Annotated[
        Path | None,
        typer.Option(
            "--front",
            metavar="DIR",
            help="Rendered pairs of the front view; not needed for priors and shortcut of a bundle that is there.",
        ),
    ] = None,
    varied: Annotated[
        Path | None,
        typer.Option("--varied", metavar="DIR", help="Rendered pairs in varied scenes, for recognition, segmentation."),
    ] = None,
    portraits: Annotated[
        list[Path] | None,
        typer.Option("--portraits", metavar="DIR", help="A folder of photos; may be repeated."),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", metavar="FILE.csv", help="Table of labels of photos, for the reader of options."),
    ] = None,
    at: train_pictures.TrainingEngine = None,
    pictures: train_pictures.PictureCount = None,
    schema: train_pictures.TrainingSchema = None,
    labelled: Annotated[
        Path | None,
        typer.Option("--labelled", metavar="DIR", help="Helen's folder of pictures and label files, for segmentation."),
    ] = None,
    bundle: Annotated[
        Path, typer.Option("--bundle", metavar="DIR", help="The bundle to create or continue.")
    ] = Path("bundle"),
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            metavar="NAME|FILE.toml",
            autocompletion=choices.complete("presets"),
            help="Sizes of a new bundle, and schedules: {presets}, or a file as `f2p-deploy preset show` prints it; by "
            "default that of the bundle, lite for a new one.",
            show_default=False,
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, metavar="N", help="Number of updates, instead of the preset's.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, metavar="N", help="Passes over the data, instead of --steps.")
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option("--batch", min=1, metavar="N", help="Samples of an update, over all devices together."),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option("--lr", metavar="RATE", help="Learning rate of the first update.")
    ] = None,
    device: Annotated[
        str, typer.Option("--device", metavar="NAME", help="cpu, cuda, mps, or auto for the best that is there.")
    ] = "auto",
    precision: Annotated[
        str, typer.Option("--precision", metavar="NAME", help="32, or mixed precision: bf16 or 16.")
    ] = "32",
    devices: Annotated[
        int, typer.Option("--devices", min=1, metavar="N", help="Devices of this machine that train together.")
    ] = 1,
    nodes: Annotated[
        int,
        typer.Option(
            "--nodes",
            min=1,
            metavar="N",
            help="Machines that train together; each runs this command with MASTER_ADDR, MASTER_PORT, NODE_RANK set.",
        ),
    ] = 1,
    accumulate: Annotated[
        int,
        typer.Option(
            "--accumulate", min=1, metavar="N", help="Compute a batch in N parts one after another, to save memory."
        ),
    ] = 1,
    compiled: Annotated[bool, typer.Option("--compile", help="Compile the networks by torch.compile.")] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=0,
            metavar="N",
            help="Processes that prepare batches, for each device; by default up to 8 on CUDA, and none on a CPU.",
        ),
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Also write <bundle>.training/<stage>/tensorboard.")
    ] = False,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Also train networks that `f2p-deploy bundle import` put in the bundle.")
    ] = False,
    seed: Annotated[
        int,
        typer.Option(
            "--seed",
            min=0,
            max=options.LARGEST_SEED,
            metavar="N",
            help="Random seed of weights, data order and augmentation.",
        ),
    ] = 0,
    landmarker: options.Landmarker = None,
    landmarks: options.Landmarks = None,
    threads: options.Threads = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Train the networks of a bundle, one stage or all of them.

    `f2p-deploy train labels` makes a table of age and sex for --labels.

    The same command continues a stopped or killed training from its last checkpoint. Checkpoints, metrics and picture
    sheets are in <bundle>.training, and so are pictures that were asked of --engine-at. With --devices or --nodes the
    batch is divided among processes.
    """
    from f2p_deploy.system.extras import missing_modules, require

    if "torch" in missing_modules("export"):
        require("export", "training")
    from f2p_deploy.alignment import choose_finder
    from f2p_deploy.character.schema import suggestion
    from f2p_deploy.model.imported import imported_networks, require_trainable
    from f2p_deploy.model.trained_on import outdated_by, train_again
    from f2p_deploy.pipeline.finder import identify_finder
    from f2p_deploy.training.presets import STAGES

    if stage not in (*STAGES, ALL):
        raise InputError(f"no stage named {stage!r}{suggestion(stage, (*STAGES, ALL))}")
    from f2p_deploy.system.threads import usable_cores
    from f2p_deploy.training.data.aligning import FinderProcesses
    from f2p_deploy.training.needed_networks import require_networks
    from f2p_deploy.training.preset_files import find_preset, kept_from_bundle, preset_of, with_schedule
    from f2p_deploy.training.stages import (
        Sources,
        check_stage,
        network_of,
        opened_bundle,
        require_folders,
        stage_facts,
        train_stage,
    )
    from f2p_deploy.training.training_hardware import Hardware, Processes

    there = opened_bundle(bundle)
    recipe = preset_of(there) if preset is None else find_preset(preset)
    stages = recipe.stages if stage == ALL else (stage,)
    notes = [] if there is None or preset is None else kept_from_bundle(there, recipe)
    if stage == ALL and there is not None and not retrain:
        marks = imported_networks(there)
        own = [name for name in stages if name not in recipe.shipped]
        kept = tuple(name for name in own if name in marks and not marks[name].get("start"))
        stages = tuple(name for name in stages if name not in kept)
        stays = "{} stays as it was imported from {}; --retrain trains it anew"
        notes += [stays.format(name, marks[name]["file"]) for name in kept]
    changes = {"steps": steps, "epochs": epochs, "batch": batch, "learning_rate": learning_rate}
    recipe = with_schedule(recipe, stages, changes)
    hardware = Hardware(device, precision, devices, nodes, accumulate, compiled, workers, tensorboard)
    sources = Sources(front, varied, tuple(portraits or ()), labels=labels, labelled=labelled)
    for name in stages:
        if there is not None and name not in recipe.shipped:
            require_trainable(there, network_of(name), retrain)
    require_folders(bundle)
    wanted = train_pictures.WantedPictures(at, pictures, schema, bundle, recipe, stages)
    wanted.check(sources)
    if at is None:
        for name in stages:
            check_stage(name, recipe, sources, there)
    for position, name in enumerate(stages):
        require_networks(name, bundle, there, recipe, before=stages[:position])
    options.use_threads(threads)
    processes = Processes(hardware)
    processes.silence_others()
    for note in notes if processes.first else ():
        console.sentence(note)
    if at is not None:
        with processes.fabric.rank_zero_first():  # the others find the pictures that the first one has asked for
            sources = wanted.ask(sources, there)
        for name in stages:
            check_stage(name, recipe, sources, there)
    if portraits or labelled:
        opener = partial(choose_finder, landmarker, landmarks)
        finder = opener()
        _, key = identify_finder(finder, landmarker, landmarks)
        finders = FinderProcesses(threads or usable_cores(), opener)
        sources = replace(sources, finder=finder, processes=finders, finder_key=key)
    command = shlex.join(["f2p-deploy", *sys.argv[1:]])
    seconds: dict[str, float] = {}
    for name in stages:
        started = time.monotonic()
        with console.bar() as bar:

            def updated(done: int, total: int, numbers: Mapping[str, float], name: str = name) -> None:
                bar.update(name, done, total, f"{name}, update {done} of {total}, loss {numbers['loss']:.4f}")

            def aligned(done: int, total: int, name: str = name) -> None:
                bar.update("faces", done, total, f"{name}: finding faces")

            def working(doing: str, done: float = 0.0, total: float = 0.0, /, name: str = name) -> None:
                bar.update("work", done, total, f"{name}: {doing}")

            trained = train_stage(
                name, bundle, recipe, sources, seed, command, updated, aligned, processes, retrain, working
            )
        seconds[name] = round(time.monotonic() - started, 1)
        if not as_json:
            facts = stage_facts(trained.provenance, name)
            words = [f"{seconds[name]} s"]
            if "taken_from" in facts:
                words[0] += f", taken from {facts['taken_from']}"
            elif "steps" in facts:
                updates = f"{facts['steps']} updates, {facts['seconds']} s with those of earlier runs"
                words[0] += f" with preparation ({updates})"
            words += [f"{key} {value:.4g}" for key, value in facts.get("metrics", {}).items()]
            console.result(f"{name}: {', '.join(words)}")
    outdated = {} if there is None or not processes.first else outdated_by(there, trained)
    for name, bases in outdated.items():
        console.sentence(train_again(trained, name, bases), "warning")
    if as_json:
        facts = {"seconds": seconds, "outdated": list(outdated), "provenance": dict(trained.provenance)}
        console.emit({"bundle": str(trained.path), **facts})
    else:
        console.result(f"bundle: {trained.path}")
