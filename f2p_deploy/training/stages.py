"""Running stages: from pairs and portraits to a bundle with one more part."""

import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from f2p_deploy.alignment import LandmarkFinder
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.engine.pairs import PairSet
from f2p_deploy.model.bundle import HEADER, Bundle, create_bundle, load_bundle, store_network
from f2p_deploy.model.import_mark import import_mark
from f2p_deploy.model.imported import require_trainable
from f2p_deploy.model.settings import AlignmentTemplate
from f2p_deploy.model.shortcut_owner import described_by
from f2p_deploy.model.trained_on import KEY, bases_of
from f2p_deploy.system.errors import F2PError, InputError, Interrupted
from f2p_deploy.system.file_lock import one_process
from f2p_deploy.system.progress import Progress, silent
from f2p_deploy.training.data.portraits import Portraits, load_portraits
from f2p_deploy.training.data.training_sources import FROM_FRONT, Sources, require_enough, require_enough_faces
from f2p_deploy.training.fitted_stages import FITTED
from f2p_deploy.training.needed_networks import require_networks
from f2p_deploy.training.presets import OPTIONAL, PRESETS, STAGES, Preset
from f2p_deploy.training.stage import Stage
from f2p_deploy.training.stage_builders import StageInputs, build_stage
from f2p_deploy.training.train_loop import OnUpdate, train
from f2p_deploy.training.training_hardware import Processes

log = logging.getLogger(__name__)

#: Number of last front pairs held out from the imitator, and so from every stage.
HELD_OUT_PAIRS = 500

#: Number of rendered pairs that the alignment template is measured on.
TEMPLATE_PAIRS = 200

#: Number of last characters held out from recognition, and of last pairs of each set held out from segmentation.
HELD_OUT_CHARACTERS = 100


def opened_bundle(folder: Path) -> Bundle | None:
    """Return the bundle in a folder; None if the folder holds none."""
    return load_bundle(folder) if (folder / HEADER).is_file() else None


def work_folder_of(folder: Path) -> Path:
    """Return the folder of training states and caches, which lies beside a bundle's.

    Raises:
        InputError: the bundle's folder has no name.
    """
    named = folder.resolve() if folder.name in ("", "..") else folder
    if not named.name:
        raise InputError(f"{folder} cannot be a bundle's folder: name one below it (--bundle)")
    return named.with_name(named.name + ".training")


def require_folders(folder: Path) -> None:
    """Raise if something else is where a bundle's folder, or the folder of its training states, is to be.

    Raises:
        InputError: there is a file.
    """
    for path, what in ((folder, "the bundle"), (work_folder_of(folder), "the states of its training")):
        if path.exists() and not path.is_dir():
            raise InputError(f"{path} is a file, where the folder of {what} should be: name another bundle (--bundle)")


def start_bundle(folder: Path, preset: Preset, sources: Sources) -> Bundle:
    """Open the bundle in a folder, or create one with a preset's settings for the schema of the pairs.

    Raises:
        InputError: the folder holds a bundle of another schema, or none and there are no pairs.
    """
    there = (folder / HEADER).is_file()
    if there and sources.front is None:
        return load_bundle(folder)
    pairs, settings = PairSet(sources.require_front(f"a new bundle ({folder})")), preset.settings
    if not there:
        settings = replace(settings, alignment=template_of(pairs, sources.finder))
    return create_bundle(folder, folder.absolute().name, pairs.schema, settings)


def template_of(pairs: PairSet, finder: LandmarkFinder | None = None) -> AlignmentTemplate:
    """Return the average face's landmarks: their mean over rendered pairs, whose parameters are sampled around it.

    A landmark finder is run on the renders, so that a landmark means the same point of a face in renders and photos.
    Without a finder the engine's own landmarks are used, and without those the default template.
    """
    points = []
    if finder is not None:
        for i in range(min(TEMPLATE_PAIRS, len(pairs))):
            points += [face.array for face in finder.find(pairs.image(i))[:1]]
    table = np.array(points) if points else pairs.landmark_table
    if table is None:
        return AlignmentTemplate()
    mean = np.asarray(table, np.float64).mean(axis=0) / pairs.size
    return AlignmentTemplate({name: (float(x), float(y)) for name, (x, y) in zip(LANDMARKS, mean, strict=True)})


def train_stage(
    stage_name: str,
    folder: Path,
    preset: Preset,
    sources: Sources,
    seed: int = 0,
    command: str = "",
    progress: OnUpdate | None = None,
    aligning: Callable[[int, int], None] | None = None,
    processes: Processes | None = None,
    retrain: bool = False,
    working: Progress = silent,
) -> Bundle:
    """Train one stage and store its part in the bundle.

    Args:
        stage_name: one of `STAGES`.
        folder: of the bundle; the training state is kept beside it in `<folder>.training/<stage>`.
        preset: settings of a new bundle, and the schedules.
        sources: data.
        seed: of initial weights, order and augmentation.
        command: the line that repeats this training, for the provenance.
        progress: called after every update.
        aligning: called with (pictures done, pictures in total) while faces are found in portraits and labelled
            pictures.
        processes: that train together; this one alone, on its CPU, if not given. The first one aligns faces and stores
            the network.
        retrain: replace a network that was imported; one that is a start is trained in any case.
        working: called with the progress of other preparation, such as labelling.

    Returns:
        The bundle with the new part.

    Raises:
        InputError: there is no such stage, data or a network that the stage needs is missing, or its network is
            imported.
    """
    there = opened_bundle(folder)
    check_stage(stage_name, preset, sources, there)
    require_networks(stage_name, folder, there, preset)
    if there is not None and stage_name not in preset.shipped:
        require_trainable(there, network_of(stage_name), retrain)
    processes = processes or Processes()
    work = work_folder_of(folder)
    require_folders(folder)

    def read_inputs() -> StageInputs:
        bundle = start_bundle(folder, preset, sources)
        portraits = _portraits(bundle, preset, sources, work / "faces", aligning)
        if portraits is not None:
            require_enough_faces(stage_name, portraits)
        return StageInputs(
            bundle,
            preset,
            sources,
            portraits,
            seed,
            work,
            held_out_pairs=HELD_OUT_PAIRS,
            held_out_characters=HELD_OUT_CHARACTERS,
            command=command,
            started=started,
            progress=aligning,
            device=processes.fabric.device,
            working=working,
        )

    started = time.monotonic()
    busy = f"another training of {folder} is running: wait until it has ended, or name another bundle (--bundle)"
    alone = one_process(work.with_name(work.name + ".lock"), busy) if processes.first else nullcontext()
    with alone, _nothing_left_if_refused(folder, work, processes.first):
        # The other processes read what the first one has aligned, labelled and stored.
        with processes.fabric.rank_zero_first():
            if stage_name in preset.shipped or stage_name in FITTED:
                if processes.first and stage_name in FITTED:
                    return FITTED[stage_name](read_inputs())
                bundle = start_bundle(folder, preset, sources)
                return _take_shipped(stage_name, bundle) if stage_name in preset.shipped else bundle
            inputs = read_inputs()
            stage = build_stage(stage_name, inputs)
        if stage is None:
            log.info("%s is left out: it needs the contour points that MediaPipe's landmarker finds", stage_name)
            return inputs.bundle
        return _train_and_store(stage_name, stage, inputs, progress, processes)


def _train_and_store(
    stage_name: str, stage: Stage, inputs: StageInputs, progress: OnUpdate | None, processes: Processes
) -> Bundle:
    """Train a stage in the loop and store its network.

    Refinement replaces the translator and extends its provenance.
    """
    provenance = inputs.provenance()
    schedule, folder = inputs.preset.schedules[stage_name], inputs.work / stage_name
    outcome = train(stage, schedule, folder, inputs.seed, progress, processes=processes)
    provenance |= {
        "samples": stage.samples,
        "steps": outcome.steps,
        "batch": min(schedule.batch, stage.samples),
        "seconds": round(outcome.seconds, 1),
        "hardware": {name: value for name, value in asdict(processes.hardware).items() if value},
        "metrics": outcome.metrics,
    }
    mark = import_mark(inputs.bundle.provenance, stage_name)
    if mark and not mark.get("start"):  # `store_network` notes what the training started from
        provenance["instead_of"] = dict(mark)
    provenance[KEY] = bases_of(inputs.bundle, network_of(stage_name))
    if stage_name == "shortcut":
        provenance["described_by"] = described_by(inputs.bundle)
    with processes.fabric.rank_zero_first():
        bundle = load_bundle(inputs.bundle.path)
        if not processes.first:
            return bundle
        network = stage.trained()
        if stage_name == OPTIONAL:
            provenance = {**bundle.provenance.get("translator", {}), OPTIONAL: provenance}
        return store_network(bundle, network_of(stage_name), network, provenance)


def network_of(stage_name: str) -> str:
    """Return the network, or other part of a bundle, that a stage trains."""
    return "translator" if stage_name == OPTIONAL else stage_name


def check_stage(stage_name: str, preset: Preset, sources: Sources, bundle: Bundle | None = None) -> None:
    """Raise unless a stage exists, preset and bundle have a use for it, and there is enough data.

    Nothing is decoded or written.

    Args:
        stage_name: one of `STAGES`.
        preset: its schedules, and settings of a new bundle.
        sources: data.
        bundle: that is there already; None for a new one.

    Raises:
        InputError: names what is missing, and how much is needed.
    """
    if stage_name not in STAGES:
        raise InputError(f"stages are {', '.join(STAGES)}, found {stage_name!r}")
    if stage_name == OPTIONAL and OPTIONAL not in preset.schedules:
        raise InputError(f"the preset {preset.name!r} has no {OPTIONAL}, since the paper has none: leave it out")
    if stage_name in preset.shipped:
        return
    if stage_name == "reader" and sources.labels is not None and not sources.labels.is_file():
        raise InputError(f"there is no table of labels {sources.labels}")
    schedule = preset.schedules.get(stage_name)
    settings = preset.settings if bundle is None else bundle.settings
    planned = bundle is not None or schedule is not None
    if stage_name == "shortcut" and settings.search == "surrogate" and planned:
        where = "a bundle with these settings" if bundle is None else f"the bundle {bundle.path}"
        raise InputError(
            f"{where} searches through a surrogate, which draws nothing and needs no shortcut: a shortcut is for "
            "search = imitator"
        )
    if schedule is None and stage_name in preset.stages and stage_name not in FITTED:
        raise InputError(
            f"the preset {preset.name!r} has no schedule for {stage_name}: add [schedules.{stage_name}] to its file or "
            f'base = "paper" (or another of {", ".join(PRESETS)}), whose settings stand for what the file leaves out'
        )
    if schedule is None and stage_name not in FITTED:
        raise InputError(
            f"the preset {preset.name!r} does not train a {stage_name}; its stages are {', '.join(preset.stages)}"
        )
    require_enough(stage_name, sources, schedule.batch if schedule else 1, HELD_OUT_PAIRS, HELD_OUT_CHARACTERS)


def require_count(stage_name: str, preset: Preset, count: int) -> None:
    """Raise unless a number of front pictures that has yet to be drawn is enough for a stage.

    Raises:
        InputError: says how many are needed.
    """
    if stage_name in FROM_FRONT and stage_name in preset.schedules:
        fewest = HELD_OUT_PAIRS + preset.schedules[stage_name].batch
        if count < fewest:
            raise InputError(
                f"{stage_name} needs at least {fewest} pictures, and the engine was to draw {count}: the last "
                f"{HELD_OUT_PAIRS} are kept out of training; let it draw more with --pictures {fewest}, or a larger "
                "number"
            )


@contextmanager
def _nothing_left_if_refused(folder: Path, work: Path, first: bool) -> Iterator[None]:
    """Remove the bundle and the training folder that were created inside the context if it is left by a refusal.

    What was trained for an update or more stays, and what was prepared when the user stopped it.

    Args:
        folder: of the bundle.
        work: of states and caches.
        first: whether this process is the one that writes.
    """
    new = [path for path in (folder, work) if not path.exists()]
    without_header = folder.is_dir() and not (folder / HEADER).exists()
    try:
        yield
    except (F2PError, OSError) as error:
        begun = isinstance(error, Interrupted) or any(work.glob("*/metrics.jsonl")) or any(work.glob("*/state.pt"))
        for path in new if first and not begun else ():
            shutil.rmtree(path, ignore_errors=True)
        if first and without_header and not begun:
            (folder / HEADER).unlink(missing_ok=True)
        raise


def _take_shipped(name: str, bundle: Bundle) -> Bundle:
    """Copy a network of the bundle inside the package into a bundle that lacks it.

    Raises:
        InputError: the network's architecture differs between the two bundles.
    """
    if name in bundle.networks:
        return bundle
    shipped = load_bundle()
    own, theirs = bundle.settings.architecture, shipped.settings.architecture
    kind = "recognition" if name == "recognition" else "strided_stage"
    for setting in (f"{name}_width", f"{name}_depth", f"{name}_size", kind):
        if getattr(own, setting) != getattr(theirs, setting):
            raise InputError(
                f"the {name} network that is shipped has {setting} {getattr(theirs, setting)}, this bundle needs "
                f"{getattr(own, setting)}: f2p-deploy bundle import {name} takes another one"
            )
    facts = {**shipped.provenance.get(name, {}), "taken_from": f"the bundle {shipped.name} inside the package"}
    return store_network(bundle, name, getattr(shipped, name), facts)


def stage_facts(provenance: Mapping[str, Any], stage_name: str) -> Mapping[str, Any]:
    """Return the entry of a stage in a bundle's provenance; empty for a stage that was left out."""
    return (provenance.get("translator", {}) if stage_name == OPTIONAL else provenance).get(stage_name, {})


def _portraits(
    bundle: Bundle, preset: Preset, sources: Sources, cache: Path, progress: Callable[[int, int], None] | None
) -> Portraits | None:
    """Return the aligned portraits; None if no folder is given."""
    if not sources.portraits:
        return None
    if sources.finder is None:
        raise InputError("portraits need a landmark finder")
    size = bundle.settings.architecture.image_size
    return load_portraits(
        sources.portraits,
        sources.finder,
        bundle.settings.alignment,
        size,
        cache,
        progress,
        sources.processes,
        sources.finder_key,
        preset.front_view,
        preset.without,
    )
