"""The table of stages that train in the loop: stage name -> function that reads its data and builds it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from f2p_deploy.alignment import LandmarkFinder
from f2p_deploy.engine.pairs import PairSet
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.progress import Progress, silent
from f2p_deploy.training.data.aligned_pairs import (
    VARIATIONS,
    descriptors_of_pairs,
    identities_of,
    require_seen,
    shapes_of_characters,
    varied_identities,
)
from f2p_deploy.training.data.face_cache import choose_rows
from f2p_deploy.training.data.face_shapes import shapes_of_pairs
from f2p_deploy.training.data.helen import load_labelled
from f2p_deploy.training.data.pair_tensors import PairTensors
from f2p_deploy.training.data.portraits import Portraits
from f2p_deploy.training.data.shortcut_labels import describe_targets
from f2p_deploy.training.data.training_sources import Sources
from f2p_deploy.training.presets import Preset
from f2p_deploy.training.stage import Stage
from f2p_deploy.training.train_imitator import ImitatorStage
from f2p_deploy.training.train_recognition import RecognitionStage
from f2p_deploy.training.train_segmentation import SegmentationStage
from f2p_deploy.training.train_shortcut import ShortcutStage
from f2p_deploy.training.train_surrogate import SurrogateStage
from f2p_deploy.training.train_surrogate_translator import SurrogateTranslatorStage
from f2p_deploy.training.train_translator import TranslatorStage
from f2p_deploy.training.translator_refinement import RefinementStage

#: Numbers of photos, and of drawn characters, that the shortcut's searches are run towards.
TARGET_FACES, TARGET_CHARACTERS = 384, 128


@dataclass(frozen=True)
class StageInputs:
    """The data and settings that every stage is built from.

    Args:
        bundle: the bundle to train for, with the networks trained so far.
        preset: weights of the optional losses.
        sources: folders of pairs and portraits, and the landmark finder.
        portraits: aligned portraits; None if no folder was given.
        seed: of the initial weights.
        work: folder of training states and caches.
        held_out_pairs: number of last front pairs that no stage trains on.
        held_out_characters: number of last characters that recognition, and of last pairs of each set that
            segmentation does not train on.
        command: the line that repeats this training, for the provenance.
        started: `time.monotonic()` when the stage began.
        progress: called with (pictures done, pictures in total) while faces are found in labelled pictures.
        device: of the training.
        working: called with the progress of other preparation, such as reading the contour shapes of renders.
    """

    bundle: Bundle
    preset: Preset
    sources: Sources
    portraits: Portraits | None
    seed: int
    work: Path
    held_out_pairs: int
    held_out_characters: int
    command: str
    started: float
    progress: Callable[[int, int], None] | None = None
    device: torch.device | str = "cpu"
    working: Progress = silent

    @property
    def image_size(self) -> int:
        """The edge S of the bundle's pictures in pixels."""
        return self.bundle.settings.architecture.image_size

    @property
    def front(self) -> Path:
        """The folder of pairs of the front view.

        Raises:
            InputError: it was not given.
        """
        return self.sources.require_front("this stage")

    def provenance(self) -> dict[str, Any]:
        """Return what the provenance of every stage begins with: command, preset, seed, pairs and portraits."""
        facts: dict[str, Any] = {"command": self.command, "preset": self.preset.name, "seed": self.seed}
        folders = {"front": self.sources.front, "varied": self.sources.varied}
        facts["pairs"] = {name: _facts_of(PairSet(path)) for name, path in folders.items() if path is not None}
        if self.portraits is not None:
            counts = {"training": len(self.portraits.training), "held_out": len(self.portraits.held_out)}
            facts["portraits"] = counts
        return facts

    def require_portraits(self, stage_name: str) -> Portraits:
        """Return the portraits.

        Raises:
            InputError: no folder of portraits was given.
        """
        if self.portraits is None:
            raise InputError(f"{stage_name} learns from real faces: name folders of portraits (--portraits DIR)")
        return self.portraits

    def require_varied(self, stage_name: str) -> Path:
        """Return the folder of pairs in varied scenes.

        Raises:
            InputError: it was not given.
        """
        if self.sources.varied is None:
            raise InputError(f"{stage_name} needs rendered pairs in varied scenes")
        return self.sources.varied

    def tensors(self, folder: Path, labels: bool | None = False) -> PairTensors:
        """Return the decoded pairs of a folder, see `PairTensors`."""
        return PairTensors(folder, self.image_size, labels, cache=self.work / "pairs")

    def telling(self, doing: str) -> Callable[[int, int], None]:
        """Return what is called with (pictures done, pictures in total) of preparation that has a name."""
        return lambda done, total: self.working(doing, done, total)

    def contour_shapes(self, pairs: PairTensors, finder: LandmarkFinder, name: str) -> np.ndarray:
        """Return (N, K, 2) contour points of a set of pairs (`front` or `varied`), cached in the work folder."""
        cache, telling = self.work / f"shapes-{name}.npz", self.telling(f"contour shapes, {name}")
        return shapes_of_pairs(pairs.pairs, finder, cache, telling)


def build_stage(name: str, inputs: StageInputs) -> Stage | None:
    """Return a stage with freshly initialised networks; None if its data has no contour points to learn from.

    Args:
        name: a key of `BUILDERS`.
        inputs: data and settings.

    Raises:
        InputError: data that the stage needs is missing.
    """
    torch.manual_seed(inputs.seed)
    return BUILDERS[name](inputs)


def _build_imitator(inputs: StageInputs) -> Stage:
    weight = inputs.preset.feature_weight
    pairs = inputs.tensors(inputs.front, None if weight != 1.0 else False)
    return ImitatorStage(inputs.bundle, pairs, inputs.held_out_pairs, weight)


def _build_recognition(inputs: StageInputs) -> Stage:
    varied_folder, finder = inputs.require_varied("recognition"), inputs.sources.finder
    front = inputs.tensors(inputs.front)
    varied = inputs.tensors(varied_folder)
    return RecognitionStage(
        inputs.bundle,
        varied,
        inputs.portraits,
        front,
        None if finder is None else inputs.contour_shapes(front, finder, "front"),
        inputs.held_out_characters,
        front_held_out=inputs.held_out_pairs,
    )


def _build_segmentation(inputs: StageInputs) -> Stage:
    folders = {"front": inputs.front, **({} if inputs.sources.varied is None else {"varied": inputs.sources.varied})}
    sets = {name: inputs.tensors(folder, True) for name, folder in folders.items()}
    shapes, finder = None, inputs.sources.finder
    if inputs.preset.mesh_labels and finder is not None:
        shapes = [inputs.contour_shapes(pairs, finder, name) for name, pairs in sets.items()]
    return SegmentationStage(
        inputs.bundle,
        list(sets.values()),
        inputs.portraits,
        inputs.held_out_characters,
        shapes=shapes,
        labelled=_labelled_pictures(inputs),
    )


def _labelled_pictures(inputs: StageInputs) -> Portraits | None:
    """Return the pictures with Helen's label files; None if no folder is given."""
    sources = inputs.sources
    if sources.labelled is None:
        return None
    if sources.finder is None:
        raise InputError("labelled pictures need a landmark finder")
    return load_labelled(
        sources.labelled,
        sources.finder,
        inputs.bundle.settings.alignment,
        inputs.image_size,
        inputs.work / "faces",
        inputs.progress,
        sources.processes,
        sources.finder_key,
    )


def _build_surrogate(inputs: StageInputs) -> Stage:
    bundle, sources, portraits = inputs.bundle, inputs.sources, inputs.portraits
    pairs = PairSet(inputs.front)
    descriptors = _front_descriptors("surrogate", inputs, pairs)
    people, people_shapes = np.empty((0, descriptors.shape[1]), np.float32), None
    if portraits is not None:
        people = identities_of(bundle, choose_rows(portraits.pictures, portraits.training)).numpy()
        people_shapes = portraits.face_shapes[portraits.training]
    cache = inputs.work / "face-shapes-front.npz"
    shapes = shapes_of_characters(pairs, sources.finder, cache, inputs.telling("face shapes, front"), sources.processes)
    return SurrogateStage(
        bundle, _parameters_of(pairs), descriptors, people, inputs.held_out_pairs, shapes, people_shapes
    )


def _build_translator(inputs: StageInputs) -> Stage:
    if inputs.bundle.settings.search == "surrogate":
        return _build_surrogate_translator(inputs)
    preset, finder = inputs.preset, inputs.sources.finder
    portraits = inputs.require_portraits("translator")
    pairs = inputs.tensors(inputs.front) if preset.supervised_weight else None
    shapes = None
    if pairs is not None and preset.shape_weight and finder is not None:
        shapes = inputs.contour_shapes(pairs, finder, "front")
    return TranslatorStage(
        inputs.bundle,
        portraits,
        pairs,
        preset.supervised_weight,
        shapes,
        preset.shape_weight,
        inputs.held_out_pairs,
        preset.translator_augmented,
    )


def _build_surrogate_translator(inputs: StageInputs) -> Stage:
    bundle, pairs = inputs.bundle, PairSet(inputs.front)
    descriptors = _front_descriptors("translator", inputs, pairs)
    portraits = inputs.require_portraits("translator")
    people = varied_identities(bundle, choose_rows(portraits.pictures, portraits.training))
    held_out_people = identities_of(bundle, choose_rows(portraits.pictures, portraits.held_out)).numpy()
    shapes = np.tile(portraits.face_shapes[portraits.training], (1 + VARIATIONS, 1))
    return SurrogateTranslatorStage(
        bundle, people, held_out_people, _parameters_of(pairs), descriptors, inputs.held_out_pairs, shapes
    )


def _build_shortcut(inputs: StageInputs) -> Stage:
    bundle, portraits = inputs.bundle, inputs.portraits
    schedule = inputs.preset.schedules["shortcut"]
    faces = np.empty((0, inputs.image_size, inputs.image_size, 3), np.uint8)
    if portraits is not None:
        faces = portraits.pictures[portraits.training[:TARGET_FACES]]
    targets = describe_targets(bundle, faces, TARGET_CHARACTERS, inputs.seed)
    # Labels are computed where the training is.
    bundle.imitator.to(inputs.device)
    bundle.similarity.to(inputs.device)
    characters, states = inputs.preset.shortcut_characters, inputs.preset.shortcut_states
    steps, folder = schedule.total_steps(characters), inputs.work / "shortcut-labels"
    return ShortcutStage(bundle, targets, folder, steps, inputs.seed, characters, states, inputs.working)


def _build_refinement(inputs: StageInputs) -> Stage | None:
    """Return the stage; None where renders or photos have no contour points."""
    portraits, finder = inputs.require_portraits("refinement"), inputs.sources.finder
    if finder is None:
        raise InputError("portraits need a landmark finder")
    pairs = inputs.tensors(inputs.front, None)
    shapes = inputs.contour_shapes(pairs, finder, "front")
    if not np.isfinite(shapes).any() or not np.isfinite(portraits.shapes).any():
        return None
    return RefinementStage(inputs.bundle, portraits, pairs, shapes, inputs.held_out_pairs, inputs.seed)


def _front_descriptors(stage_name: str, inputs: StageInputs, pairs: PairSet) -> np.ndarray:
    cache = inputs.work / "descriptors-front.npz"
    doing = inputs.telling("descriptors, front")
    descriptors = descriptors_of_pairs(inputs.bundle, pairs, inputs.sources.finder, cache, doing)
    require_seen(stage_name, descriptors, pairs, inputs.held_out_pairs, inputs.sources.finder)
    return descriptors


def _facts_of(pairs: PairSet) -> dict[str, Any]:
    """Return the number of pairs, and how the engine rendered them and sampled their parameters."""
    names = ("engine", "size", "sampling", "parameters_sha256")
    return {"count": len(pairs), **{name: pairs.manifest[name] for name in names if name in pairs.manifest}}


def _parameters_of(pairs: PairSet) -> np.ndarray:
    return np.array(pairs.parameters[: len(pairs)], np.float32)


#: The builder of each stage that trains in the loop. Reader and priors are fitted instead, see `fitted_stages`.
BUILDERS: dict[str, Callable[[StageInputs], Stage | None]] = {
    "imitator": _build_imitator,
    "recognition": _build_recognition,
    "segmentation": _build_segmentation,
    "surrogate": _build_surrogate,
    "translator": _build_translator,
    "refinement": _build_refinement,
    "shortcut": _build_shortcut,
}
