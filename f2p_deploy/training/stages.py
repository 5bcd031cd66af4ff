"""Running stages: from pairs and portraits to a bundle with one part more."""

import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from f2p_deploy.alignment import LandmarkFinder
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.engine.pairs import PairSet
from f2p_deploy.model.bundle import HEADER, Bundle, create_bundle, load_bundle, store_network, store_priors
from f2p_deploy.model.settings import AlignmentTemplate
from f2p_deploy.system.errors import F2PError, InputError
from f2p_deploy.training.data.aligned_pairs import (
    VARIATIONS,
    descriptors_of_pairs,
    identities_of,
    shapes_of_characters,
    varied_identities,
)
from f2p_deploy.training.data.face_shapes import shapes_of_pairs
from f2p_deploy.training.data.option_colours import OptionColours, region_colours
from f2p_deploy.training.data.pair_tensors import PairTensors
from f2p_deploy.training.data.portraits import Portraits, load_portraits
from f2p_deploy.training.data.training_sources import Sources, require_enough, require_enough_faces
from f2p_deploy.training.presets import OPTIONAL, STAGES, Preset
from f2p_deploy.training.train_imitator import ImitatorStage
from f2p_deploy.training.train_loop import Progress, Stage, train
from f2p_deploy.training.train_priors import learn_priors
from f2p_deploy.training.train_reader import learn_reader, read_labels
from f2p_deploy.training.train_recognition import RecognitionStage
from f2p_deploy.training.train_segmentation import SegmentationStage
from f2p_deploy.training.train_surrogate import SurrogateStage
from f2p_deploy.training.train_surrogate_translator import SurrogateTranslatorStage
from f2p_deploy.training.train_translator import TranslatorStage
from f2p_deploy.training.translator_refinement import RefinementStage

log = logging.getLogger(__name__)

#: How many of the front pairs are held out from the imitator, and so from every stage.
HELD_OUT_PAIRS = 500

#: How many rendered pairs the alignment template is measured on.
TEMPLATE_PAIRS = 200

#: How many rendered pairs the colours of skin tones are measured on, and which of the coloured regions skin is.
COLOUR_PAIRS, SKIN = 1000, 0

#: How many characters are held out from recognition, and pairs of each set from segmentation.
HELD_OUT_CHARACTERS = 100


def start_bundle(folder: Path, preset: Preset, front: Path, finder: LandmarkFinder | None = None) -> Bundle:
    """Open the bundle in a folder, or start one with a preset's settings for the schema of a folder of pairs.

    Raises:
        InputError: the folder holds a bundle of another schema.
    """
    if (folder / HEADER).is_file():
        return create_bundle(folder, folder.name, PairSet(front).schema, preset.settings)
    pairs = PairSet(front)
    settings = replace(preset.settings, alignment=template_of(pairs, finder))
    return create_bundle(folder, folder.name, pairs.schema, settings)


def template_of(pairs: PairSet, finder: LandmarkFinder | None = None) -> AlignmentTemplate:
    """Return where the average face's landmarks lie: their mean over rendered pairs, which are drawn around it.

    The finder that finds them in photos finds them in the renders too, so that both mean the same point of a face;
    without one, the engine's own landmarks serve, and without those the default template.
    """
    found = []
    if finder is not None:
        for i in range(min(TEMPLATE_PAIRS, len(pairs))):
            found += [face.array for face in finder.find(pairs.image(i))[:1]]
    table = np.array(found) if found else pairs.landmark_table
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
    progress: Progress | None = None,
    aligning: Callable[[int, int], None] | None = None,
) -> Bundle:
    """Train one stage and put its part into the bundle.

    Args:
        stage_name: one of `STAGES`.
        folder: of the bundle; its training state lies beside it in `<folder>.training/<stage>`.
        preset: settings of a new bundle, and the schedule.
        sources: data.
        seed: of weights, order and augmentation.
        command: the line that repeats this, for the provenance.
        progress: called after every update.
        aligning: called with (pictures done, pictures in all) while faces are found in portraits and renders.

    Returns:
        The bundle as it now is.

    Raises:
        InputError: no such stage, or data that the stage needs is missing.
    """
    check_stage(stage_name, preset, sources)
    if stage_name in preset.shipped:
        return _take_shipped(stage_name, start_bundle(folder, preset, sources.front, sources.finder))
    work = folder.with_name(folder.name + ".training")
    started = time.monotonic()
    stage: Stage | None = None
    with _nothing_left_if_refused(folder, work):
        bundle = start_bundle(folder, preset, sources.front, sources.finder)
        portraits = _portraits(bundle, sources, work / "portraits.npz", aligning)
        if portraits is not None:
            require_enough_faces(stage_name, portraits)
        priors = learn_priors(bundle, portraits) if stage_name == "priors" and portraits is not None else None
        if stage_name == "reader" and portraits is not None:
            return _learn_reader(bundle, portraits, sources, command)
        if priors is None:
            stage = _build(stage_name, bundle, preset, sources, portraits, seed, work, aligning)
    provenance: dict[str, Any] = {"command": command, "preset": preset.name, "seed": seed}
    folders = {"front": sources.front, "varied": sources.varied}
    provenance["pairs"] = {name: _facts_of(PairSet(path)) for name, path in folders.items() if path is not None}
    if portraits is not None:
        provenance["portraits"] = {"training": len(portraits.training), "held_out": len(portraits.held_out)}
    if priors is not None and portraits is not None:
        provenance |= {"faces": len(portraits.frontal), "seconds": round(time.monotonic() - started, 1)}
        provenance["components"] = {prior.group: int(prior.scale.size) for prior in priors.groups}
        return store_priors(bundle, priors, provenance)
    if stage is None:
        log.info("%s is left out: it needs the contour points that MediaPipe's landmarker finds", stage_name)
        return bundle
    outcome = train(stage, preset.schedules[stage_name], work / stage_name, seed, progress)
    provenance |= {
        "samples": stage.samples,
        "steps": outcome.steps,
        "seconds": round(outcome.seconds, 1),
        "metrics": outcome.metrics,
    }
    bundle = load_bundle(folder)
    if stage_name == OPTIONAL:  # the translator's story goes on
        provenance = {**bundle.provenance.get("translator", {}), OPTIONAL: provenance}
        return store_network(bundle, "translator", stage.trained(), provenance)
    return store_network(bundle, stage_name, stage.trained(), provenance)


def check_stage(stage_name: str, preset: Preset, sources: Sources) -> None:
    """Raise unless a stage is one, the preset has it, and there is enough to learn from; nothing is read or made.

    Raises:
        InputError: says which, and what is needed.
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
    require_enough(stage_name, sources, schedule.batch if schedule else 1, HELD_OUT_PAIRS, HELD_OUT_CHARACTERS)


@contextmanager
def _nothing_left_if_refused(folder: Path, work: Path) -> Iterator[None]:
    """Remove the bundle and the training folder that a refused training made."""
    new = [made for made in (folder, work) if not made.exists()]
    without_header = folder.is_dir() and not (folder / HEADER).exists()
    try:
        yield
    except F2PError:
        for made in new:
            shutil.rmtree(made, ignore_errors=True)
        if without_header:
            (folder / HEADER).unlink(missing_ok=True)
        raise


def _take_shipped(name: str, bundle: Bundle) -> Bundle:
    """Put a network of the bundle inside the package into a bundle that lacks it.

    Raises:
        InputError: the two bundles' architectures differ there.
    """
    if name in bundle.networks:
        return bundle
    shipped = load_bundle()
    own, theirs = bundle.settings.architecture, shipped.settings.architecture
    kind = "recognition" if name == "recognition" else "strided_stage"
    for setting in (f"{name}_width", f"{name}_size", kind):
        if getattr(own, setting) != getattr(theirs, setting):
            raise InputError(
                f"the {name} network that is shipped has {setting} {getattr(theirs, setting)}, this bundle needs "
                f"{getattr(own, setting)}: f2p-deploy bundle import {name} takes another one"
            )
    facts = {**shipped.provenance.get(name, {}), "taken_from": f"the bundle {shipped.name} inside the package"}
    return store_network(bundle, name, getattr(shipped, name), facts)


def _learn_reader(bundle: Bundle, portraits: Portraits, sources: Sources, command: str) -> Bundle:
    """Fit the reader and store it; without labels nothing reads the options."""
    if sources.labels is None:
        log.warning(
            "the reader is left out, so everybody gets the schema's own options (hair, skin, ...): "
            "it learns from labels of photos (--labels FILE.csv)"
        )
        return bundle
    started = time.monotonic()
    labels = read_labels(sources.labels, bundle.schema)
    reader, metrics = learn_reader(bundle, portraits, labels, _measured_tones(bundle, sources.front, portraits))
    facts = {
        "command": command,
        "labels": len(labels.names),
        "seconds": round(time.monotonic() - started, 1),
        "metrics": metrics,
    }
    return store_network(bundle, "reader", reader, facts)


def _measured_tones(bundle: Bundle, front: Path, portraits: Portraits) -> dict[str, np.ndarray]:
    """Return the skin tone, where the schema has one, whose colour in engine pictures is nearest to that in photos."""
    group = bundle.schema.tags.get("skin-tone")
    pairs = PairSet(front)
    if group is None or not len(pairs):
        return {}
    chosen = range(min(COLOUR_PAIRS, len(pairs)))
    maps = [one for i in chosen if (one := pairs.labels(i)) is not None]
    if len(maps) < len(chosen):
        return {}
    drawn = region_colours(np.stack([pairs.image(i) for i in chosen]), np.stack(maps))
    told = OptionColours(bundle.schema, np.array(pairs.parameters[: len(chosen)]), drawn)
    if group not in told.groups:
        return {}
    seen = region_colours(portraits.pictures, portraits.regions)
    known = np.isfinite(seen[:, [SKIN]]).all(axis=(1, 2))
    return {group: np.where(known, told(seen)[group], -1)}


def stage_facts(provenance: Mapping[str, Any], stage_name: str) -> Mapping[str, Any]:
    """Return what a bundle's provenance says of a stage; nothing of one that was left out."""
    return (provenance.get("translator", {}) if stage_name == OPTIONAL else provenance).get(stage_name, {})


def _build(
    name: str,
    bundle: Bundle,
    preset: Preset,
    sources: Sources,
    portraits: Portraits | None,
    seed: int,
    work: Path,
    finding: Callable[[int, int], None] | None,
) -> Stage | None:
    import torch

    torch.manual_seed(seed)
    size = bundle.settings.architecture.image_size
    if name == "surrogate" or (name == "translator" and bundle.settings.search == "surrogate"):
        return _through_surrogate(name, bundle, sources, portraits, work, finding)
    if name == "imitator":
        pairs = PairTensors(sources.front, size, labels=None if preset.feature_weight != 1.0 else False)
        return ImitatorStage(bundle, pairs, HELD_OUT_PAIRS, preset.feature_weight)
    if name == "translator" and portraits is not None:
        known = PairTensors(sources.front, size) if preset.supervised_weight else None
        shapes = None
        if known is not None and preset.shape_weight and sources.finder is not None:
            shapes = shapes_of_pairs(known.pairs, sources.finder, work / "shapes-front.npz", finding)
        return TranslatorStage(
            bundle, portraits, known, preset.supervised_weight, shapes, preset.shape_weight, HELD_OUT_PAIRS
        )
    if name == OPTIONAL:
        return _refinement(bundle, sources, portraits, seed, work, finding)
    if sources.varied is None:
        raise InputError(f"{name} needs rendered pairs in varied scenes")
    if name == "recognition":
        front, varied = PairTensors(sources.front, size), PairTensors(sources.varied, size)
        shapes = None
        if sources.finder is not None:
            shapes = shapes_of_pairs(front.pairs, sources.finder, work / "shapes-front.npz", finding)
        return RecognitionStage(
            bundle, varied, portraits, front, shapes, HELD_OUT_CHARACTERS, front_held_out=HELD_OUT_PAIRS
        )
    sets = [PairTensors(folder, size, labels=True) for folder in (sources.front, sources.varied)]
    meshes = None
    if preset.mesh_labels and sources.finder is not None:
        finder = sources.finder
        meshes = [
            shapes_of_pairs(pairs.pairs, finder, work / f"shapes-{name}.npz", finding)
            for name, pairs in zip(("front", "varied"), sets, strict=True)
        ]
    return SegmentationStage(bundle, sets, portraits, HELD_OUT_CHARACTERS, shapes=meshes)


def _through_surrogate(
    name: str,
    bundle: Bundle,
    sources: Sources,
    portraits: Portraits | None,
    work: Path,
    finding: Callable[[int, int], None] | None,
) -> Stage:
    pairs = PairSet(sources.front)
    seen = descriptors_of_pairs(bundle, pairs, sources.finder, work / "descriptors-front.npz", finding)
    parameters = np.array(pairs.parameters[: len(pairs)], np.float32)
    if name == "surrogate":
        people, shapes = np.empty((0, seen.shape[1]), np.float32), None
        if portraits is not None:
            people = identities_of(bundle, portraits.pictures[portraits.training]).numpy()
            shapes = portraits.face_shapes[portraits.training]
        shaped = shapes_of_characters(pairs, sources.finder, work / "face-shapes-front.npz", finding, sources.processes)
        return SurrogateStage(bundle, parameters, seen, people, HELD_OUT_PAIRS, shaped, shapes)
    if portraits is None:
        raise InputError("translator learns from real faces: name folders of portraits (--portraits DIR)")
    people = varied_identities(bundle, portraits.pictures[portraits.training])
    held = identities_of(bundle, portraits.pictures[portraits.held_out]).numpy()
    shapes = np.tile(portraits.face_shapes[portraits.training], (1 + VARIATIONS, 1))
    return SurrogateTranslatorStage(bundle, people, held, parameters, seen, HELD_OUT_PAIRS, shapes)


def _refinement(
    bundle: Bundle,
    sources: Sources,
    portraits: Portraits | None,
    seed: int,
    work: Path,
    finding: Callable[[int, int], None] | None,
) -> RefinementStage | None:
    """Return the stage, None where renders or photos have no contour points."""
    if portraits is None or sources.finder is None:
        raise InputError("refinement learns from real faces: name folders of portraits")
    pairs = PairTensors(sources.front, bundle.settings.architecture.image_size, labels=None)
    shapes = shapes_of_pairs(pairs.pairs, sources.finder, work / "shapes-front.npz", finding)
    if not np.isfinite(shapes).any() or not np.isfinite(portraits.shapes).any():
        return None
    return RefinementStage(bundle, portraits, pairs, shapes, HELD_OUT_PAIRS, seed)


def _facts_of(pairs: PairSet) -> dict[str, Any]:
    """Return what repeats a folder of pairs: who rendered how many, and how they were drawn."""
    kept = ("engine", "size", "sampling", "parameters_sha256")
    return {"count": len(pairs), **{name: pairs.manifest[name] for name in kept if name in pairs.manifest}}


def _portraits(
    bundle: Bundle, sources: Sources, cache: Path, progress: Callable[[int, int], None] | None
) -> Portraits | None:
    folders: Sequence[Path] = sources.portraits
    if not folders:
        return None
    if sources.finder is None:
        raise InputError("portraits need a landmark finder")
    size = bundle.settings.architecture.image_size
    return load_portraits(
        folders, sources.finder, bundle.settings.alignment, size, cache, progress, sources.processes
    )
