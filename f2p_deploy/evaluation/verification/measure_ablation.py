"""Table 8 of the paper: verification by translators that are trained with parts of the losses, or lack attention."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from f2p_deploy.alignment import LandmarkFinder
from f2p_deploy.evaluation.verification.face_features import extract_features
from f2p_deploy.evaluation.verification.face_pairs import FacePairs
from f2p_deploy.evaluation.verification.fold_accuracy import FoldAccuracy, PcaSettings
from f2p_deploy.evaluation.verification.measure_verification import MeasuredPairs, measure_pairs
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.networks.translator import PlainTranslator, build_translator
from f2p_deploy.model.training_line import no_part_yet
from f2p_deploy.runtimes import TorchRuntime
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.progress import Progress, silent
from f2p_deploy.training.data.portraits import Portraits
from f2p_deploy.training.schedule import Schedule
from f2p_deploy.training.train_loop import train
from f2p_deploy.training.train_translator import TranslatorStage
from f2p_deploy.training.training_hardware import Processes

#: The mode of Table 8.
MODE = "one-shot"


@dataclass(frozen=True)
class AblationRow:
    """One row of Table 8.

    Args:
        content, identity, loopback: whether the translator is trained with the loss.
        attention: whether it has residual attention blocks; otherwise it is a plain multilayer perceptron.
        published: accuracy in the paper on the data sets of `published_accuracy.DATA_SETS`, in order.
    """

    content: bool
    identity: bool
    loopback: bool
    attention: bool
    published: tuple[float, ...]

    @property
    def name(self) -> str:
        """The parts in words, such as `content + identity, attention`."""
        losses = [name for name in ("content", "identity", "loopback") if getattr(self, name)]
        return " + ".join(losses) + (", attention" if self.attention else ", no attention")


#: The rows of Table 8, with the paper's figures.
ROWS = (
    AblationRow(True, False, False, True, (0.7880, 0.7930, 0.6666, 0.6868, 0.6792, 0.6252, 0.6696)),
    AblationRow(True, True, False, True, (0.8843, 0.8777, 0.7507, 0.7917, 0.7675, 0.7032, 0.7432)),
    AblationRow(True, True, True, False, (0.8870, 0.8901, 0.7626, 0.7875, 0.7725, 0.7042, 0.7618)),
    AblationRow(True, True, True, True, (0.9243, 0.9200, 0.7896, 0.8152, 0.8130, 0.7400, 0.7854)),
)


@dataclass(frozen=True, eq=False)
class AblationResult:
    """The result of one row.

    Args:
        row: the row.
        sets: the sets of pairs, with the accuracy of one-shot characters and of the recognition network.
        metrics: the stage's evaluation on held-out photos.
        seconds: spent in updates.
    """

    row: AblationRow
    sets: tuple[MeasuredPairs, ...]
    metrics: dict[str, float]
    seconds: float

    def accuracy(self, position: int) -> FoldAccuracy:
        """Return the accuracy on a set, features normalised by PCA."""
        return self.sets[position].by_pca[MODE]


def require_ablation(bundle: Bundle) -> None:
    """Raise unless a bundle has the networks that a translator is trained through.

    Raises:
        InputError: one is missing.
    """
    for name in ("imitator", "recognition", "segmentation"):
        if name not in bundle.networks:
            raise InputError(no_part_yet(bundle.path, name))


def measure_ablation(
    bundle: Bundle,
    photos: Portraits,
    sets: Sequence[FacePairs],
    schedule: Schedule,
    finder: LandmarkFinder | None,
    folder: Path,
    seed: int = 0,
    pca: PcaSettings | None = None,
    progress: Progress = silent,
) -> tuple[AblationResult, ...]:
    """Train a translator for every row of Table 8, and measure verification with its one-shot characters.

    All rows have the same photos, order and length of training. Characters are the translator's own: a bundle's reader
    and priors are left out. The bundle itself is not changed.

    Args:
        bundle: with imitator, recognition and segmentation.
        photos: aligned portraits.
        sets: the pairs to measure on.
        schedule: of every row's training.
        finder: finds the faces of the pairs; None for crops that are aligned to ArcFace's points.
        folder: of the training states; a stopped measurement continues from them.
        seed: of weights and order.
        pca: the settings of PCA; None for the default.
        progress: called with the progress.

    Raises:
        InputError: the bundle lacks a network, or too few pairs are left.
    """
    require_ablation(bundle)
    processes = Processes()
    results = []
    for number, row in enumerate(ROWS):
        variant = variant_of(bundle, row)
        torch.manual_seed(seed)
        stage = TranslatorStage(variant, photos, augmented=False)
        if not row.attention:
            stage.network = PlainTranslator.like(build_translator(bundle.schema, bundle.settings))
            stage.modules = {"translator": stage.network}

        def updated(done: int, total: int, numbers: object, number: int = number, row: AblationRow = row) -> None:
            progress(f"{row.name}: update {done} of {total}", number + done / total, len(ROWS))

        outcome = train(stage, schedule, folder / f"row-{number + 1}", seed, updated, processes=processes)
        variant.__dict__["translator"] = stage.trained().eval().requires_grad_(False)
        runtime = TorchRuntime(variant)
        measured = [
            measure_pairs(one, extract_features(one, runtime, (MODE,), finder), pca or PcaSettings()) for one in sets
        ]
        results.append(AblationResult(row, tuple(measured), outcome.metrics, outcome.seconds))
    return tuple(results)


def variant_of(bundle: Bundle, row: AblationRow) -> Bundle:
    """Return a bundle whose similarity has only a row's losses, and whose one-shot characters are the translator's."""
    similarity = bundle.settings.similarity
    losses = replace(
        similarity,
        content_weight=similarity.content_weight * row.content,
        identity_weight=similarity.identity_weight * row.identity,
        loopback_weight=similarity.loopback_weight * row.loopback,
    )
    settings = replace(bundle.settings, similarity=losses, search="imitator", one_shot_prior=False, default_lead=0.0)
    variant = replace(bundle, settings=settings)
    variant.__dict__["reader"] = None
    return variant


def ablation_json(results: Sequence[AblationResult], schedule: Schedule) -> str:
    """Return the results as JSON."""
    rows = [
        {
            "row": one.row.name,
            "accuracy": {
                found.pairs.name: {"mean": found.by_pca[MODE].mean, "deviation": found.by_pca[MODE].deviation}
                for found in one.sets
            },
            "metrics": one.metrics,
            "seconds": round(one.seconds, 1),
        }
        for one in results
    ]
    return json.dumps({"steps": schedule.steps, "batch": schedule.batch, "rows": rows}, indent=2) + "\n"
