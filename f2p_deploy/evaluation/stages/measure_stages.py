"""Measurement of every stage of a bundle in isolation, and the verdict: the stage that holds the result back.

A photo becomes a character through alignment, recognition, translator (one-shot) or through imitator, segmentation,
recognition and a search (iterative). A bad stage spoils the results of all later stages, so comparing results would
blame the last stage. Two rules prevent that.

*Each stage gets true inputs.* The imitator gets known parameters and is compared with the engine; segmentation and
recognition get renders of the engine, whose regions and identities are known. None of them sees another network's
output. Alignment is compared with the landmarks of renders, not with its template. Two stages cannot be isolated; each
is compared with the best result possible from the same inputs. The translator is compared with a linear readout of the
same embeddings, so it is not blamed for information that the embeddings lack. Iterative generation searches for faces
that the imitator drew; there the loss can reach 0 even with a bad imitator or descriptor.

*All stages have the same scale.* Badness is 0 for a perfect stage and 1 for an uninformed baseline: the mean picture,
the mean share of each class at each place, an untrained network, a guess of the parameters, the loss before the search.
For alignment, 1 is an error as large as the differences between people. Badness above 1 is worse than the baseline. The
verdict is the stage with the largest badness; stages within `CLOSE` of it are named as well. One dependence remains:
the translator was not trained on the embeddings of a spoiled recognition network, and a search fails if its descriptor
is uninformative. So a stage is only named if it is clearly worse than the stages that feed it; see `EXPLAINS`.

Not measured: a photo has no true parameters, so the step from renders to photos does not enter recognition's badness
(the report shows the distance between the two groups, and nearest neighbours). Whether the sliders can represent a
person's face is not a stage.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from f2p_deploy.alignment import LandmarkFinder
from f2p_deploy.evaluation.stages.stage_alignment import measure_alignment
from f2p_deploy.evaluation.stages.stage_data import HeldOut, align_held_out, read_renders, render_pairs
from f2p_deploy.evaluation.stages.stage_imitator import measure_imitator
from f2p_deploy.evaluation.stages.stage_iterative import measure_iterative
from f2p_deploy.evaluation.stages.stage_recognition import embed_held_out, measure_recognition
from f2p_deploy.evaluation.stages.stage_result import STAGES, StageResult
from f2p_deploy.evaluation.stages.stage_segmentation import measure_segmentation
from f2p_deploy.evaluation.stages.stage_translator import measure_translator
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.progress import Progress

log = logging.getLogger(__name__)

#: Largest badness of a stage that is not named, and largest difference of stages that count as about as bad.
HEALTHY, CLOSE = 0.1, 0.1

#: The stages that feed a stage; a feeding stage with at least `EXPLAINS` of its badness explains it.
FED_BY = {"translator": ("recognition",), "iterative": ("imitator", "segmentation", "recognition")}
EXPLAINS = 0.75

#: Embedded front renders / other front renders, if the folder has enough; a linear readout needs many.
EMBEDDED = 5

#: The networks that a stage is measured with.
NEEDS: dict[str, tuple[str, ...]] = {
    "alignment": (),
    "imitator": ("imitator",),
    "segmentation": ("segmentation",),
    "recognition": ("recognition", "segmentation"),
    "translator": ("recognition", "segmentation", "translator"),
    "iterative": ("imitator", "recognition", "segmentation"),
}


@dataclass(frozen=True)
class StageSources:
    """The pictures for the measurement of stages.

    Args:
        front: folder of rendered pairs of the front view; None to render pairs.
        varied: folder of rendered pairs in varied scenes.
        portraits: folders of photos.
        finder: finds landmarks; required with portraits.
        assets: folder of the reference engine's assets, for rendering; None for the one in F2P_MAKEHUMAN_ASSETS.

    Raises:
        InputError: varied pairs without front ones, or portraits without a finder.
    """

    front: Path | None = None
    varied: Path | None = None
    portraits: tuple[Path, ...] = ()
    finder: LandmarkFinder | None = None
    assets: Path | None = None

    def __post_init__(self) -> None:
        if self.varied is not None and self.front is None:
            raise InputError("varied pairs go with front ones: name both folders, or none to have both rendered")
        if self.portraits and self.finder is None:
            raise InputError("portraits need a landmark finder")


@dataclass(frozen=True, eq=False)
class StageReport:
    """The results of all stages of a bundle.

    Args:
        bundle: the measured bundle.
        results: one for each stage, in the order of `STAGES`.
    """

    bundle: Bundle
    results: tuple[StageResult, ...]

    @property
    def measured(self) -> list[StageResult]:
        """The stages that have a badness, worst first."""
        return sorted((r for r in self.results if r.badness is not None), key=lambda r: -(r.badness or 0.0))

    @property
    def suspects(self) -> list[StageResult]:
        """The stages whose badness is not explained by a stage that feeds them, worst first."""
        badness = {result.stage: result.badness or 0.0 for result in self.measured}
        return [
            result
            for result in self.measured
            if not any(
                badness.get(feeding, 0.0) >= max(HEALTHY, EXPLAINS * badness[result.stage])
                for feeding in FED_BY.get(result.stage, ())
            )
        ]

    @property
    def verdict(self) -> str | None:
        """The stage that holds the result back; None if none does."""
        worst = self.suspects[:1]
        return worst[0].stage if worst and (worst[0].badness or 0.0) > HEALTHY else None

    @property
    def sentence(self) -> str:
        """The verdict as a sentence."""
        suspects = self.suspects
        if not suspects:
            return "no stage could be measured"
        worst = suspects[0]
        if self.verdict is None:
            return f"no stage holds the result back: the worst, {worst.stage}, has a badness of {worst.badness:.2f}"
        close = [r for r in suspects[1:] if (worst.badness or 0.0) - (r.badness or 0.0) <= CLOSE]
        text = f"{worst.stage} holds the result back: badness {worst.badness:.2f} ({worst.basis})"
        if close:
            return f"{text}; about as bad: {', '.join(f'{r.stage} {r.badness:.2f}' for r in close)}"
        return text + (f"; next is {suspects[1].stage}, {suspects[1].badness:.2f}" if len(suspects) > 1 else "")

    def as_data(self) -> dict[str, Any]:
        """Return the report for JSON, without pictures."""
        return {
            "bundle": {"name": self.bundle.name, "fingerprint": self.bundle.fingerprint},
            "verdict": self.verdict,
            "sentence": self.sentence,
            "stages": {
                result.stage: {
                    "badness": result.badness,
                    "basis": result.basis,
                    "missing": result.missing,
                    "figures": [vars(figure) for figure in result.figures],
                }
                for result in self.results
            },
        }


def evaluate_stages(
    bundle: Bundle,
    sources: StageSources,
    pictures: int = 100,
    searches: int = 3,
    seed: int = 0,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> StageReport:
    """Measure every stage for which the bundle has networks and the sources have pictures.

    Args:
        bundle: the bundle to measure.
        sources: renders and photos, of which only those held out of training are used.
        pictures: largest number of front renders, of varied characters and of photos.
        searches: number of drawn faces, and of photos, for iterative generation; 0 skips that stage.
        seed: seed of rendered characters and random starts.
        folder: folder for rendered pairs; a temporary one if not given.
        progress: called with (activity, done, total).

    Raises:
        InputError: fewer than 3 pictures, or sources that do not fit the bundle.
        MissingDependency: no pairs were given and the engine's assets are missing.
    """
    if pictures < 3:
        raise InputError(f"stages are measured on at least 3 pictures, found {pictures}")
    with TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        held = hold_out(bundle, sources, pictures, seed, folder or Path(temporary), progress)
    return StageReport(bundle, measure_stages(bundle, held, searches, seed, progress))


def hold_out(
    bundle: Bundle, sources: StageSources, pictures: int, seed: int, folder: Path, progress: Progress | None = None
) -> HeldOut:
    """Read renders and align photos; render pairs if none are given; for the arguments see `evaluate_stages`."""
    front, varied = sources.front, sources.varied
    if front is None:
        front, varied = render_pairs(bundle, folder, pictures, sources.assets, seed, progress)
    finder = sources.finder
    renders = read_renders(front, bundle, pictures, False, finder, progress)
    more = read_renders(front, bundle, EMBEDDED * pictures)
    scenes = None if varied is None else read_renders(varied, bundle, pictures, True, finder, progress)
    if not sources.portraits or finder is None:
        return HeldOut(renders, scenes, None, more)
    return HeldOut(renders, scenes, align_held_out(sources.portraits, finder, bundle, pictures, progress), more)


def measure_stages(
    bundle: Bundle, held: HeldOut, searches: int = 3, seed: int = 0, progress: Progress | None = None
) -> tuple[StageResult, ...]:
    """Measure every stage on pictures in memory; for the arguments see `evaluate_stages`."""
    has_descriptor = not set(NEEDS["recognition"]) - set(bundle.networks)
    embeddings = embed_held_out(bundle, held) if has_descriptor else None
    measures: dict[str, Callable[[], StageResult]] = {
        "alignment": lambda: measure_alignment(bundle, held),
        "imitator": lambda: measure_imitator(bundle, held),
        "segmentation": lambda: measure_segmentation(bundle, held),
        "iterative": lambda: measure_iterative(bundle, held, searches, seed),
    }
    if embeddings is not None:
        measures["recognition"] = lambda: measure_recognition(bundle, held, embeddings)
        measures["translator"] = lambda: measure_translator(bundle, held, embeddings)
    results = []
    for done, stage in enumerate(STAGES):
        if progress is not None:
            progress(f"measuring {stage}", done, len(STAGES))
        absent = [name for name in NEEDS[stage] if name not in bundle.networks]
        if absent:
            results.append(StageResult(stage, missing=f"the bundle has no {' and no '.join(absent)} yet"))
        else:
            results.append(measures[stage]())
    return tuple(results)
