"""Where a bundle's error comes from: every stage measured on its own, and the one that holds the result back.

A photo becomes a character through alignment, recognition, translator (one-shot) or through imitator, segmentation,
recognition and a search (iterative). A bad stage makes everything after it look bad, so comparing the results of stages
would blame the last one. Two rules keep the blame where it belongs.

*Each stage is given true inputs.* The imitator gets known parameters and is compared with the engine; segmentation and
recognition get the engine's own renders, whose regions and identities are known. None of them sees another network's
output. Alignment is compared with where the renders' landmarks are, not with its own template. Two stages cannot be
cut loose, and are given a best case that shares their inputs: the translator is compared with a linear readout of the
same embeddings, so what the recognition network does not tell is not the translator's fault; iterative generation
searches faces that the imitator drew, whose loss can reach 0 however badly imitator and descriptor do their own work.

*All stages are in one currency.* Badness is 0 for perfect and 1 for what knows nothing: the mean picture, the mean
share of each class at each place, a coin, a guess of the parameters, the loss before the search. For alignment it is a
misplacement as large as the differences between people, which drowns them. Badness may exceed 1: a network that was
confused is worse than none. The verdict is the stage with the largest badness; stages within `CLOSE` of it are named
as well. One correction remains: embeddings of a spoiled recognition network are not those that the translator was
trained on, and a search through a descriptor that sees nothing gets nowhere. So a stage that another one feeds is only
named where it is clearly worse than that one: see `EXPLAINS`.

What that leaves out: a photo has no true parameters, so how far recognition carries over from renders to photos has no
anchor and does not enter its badness (the distance of the two groups and the nearest neighbours are shown). Whether
the slider sets themselves can make a person's face is not a stage and is not asked here.
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

#: Badness up to which a stage is not worth naming, and difference up to which two stages are about as bad.
HEALTHY, CLOSE = 0.1, 0.1

#: The stages that feed a stage, and the part of its badness from which one of them explains it.
FED_BY = {"translator": ("recognition",), "iterative": ("imitator", "segmentation", "recognition")}
EXPLAINS = 0.75

#: So many times more front renders are embedded, where a folder has them: a linear readout needs many.
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
    """What stages are measured on.

    Args:
        front: folder of rendered pairs of the front view; without it, pairs are rendered.
        varied: folder of rendered pairs in varied scenes.
        portraits: folders of photos.
        finder: of landmarks; needed with portraits.
        assets: of the reference engine, to render with; else the variable F2P_MAKEHUMAN_ASSETS says.

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
    """All stages of one bundle.

    Args:
        bundle: what was measured.
        results: one a stage, in the order of `STAGES`.
    """

    bundle: Bundle
    results: tuple[StageResult, ...]

    @property
    def measured(self) -> list[StageResult]:
        """The stages that have a badness, worst first."""
        return sorted((r for r in self.results if r.badness is not None), key=lambda r: -(r.badness or 0.0))

    @property
    def suspects(self) -> list[StageResult]:
        """The stages whose badness is their own, worst first."""
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
        """The verdict for a person."""
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
    """Measure every stage for which the bundle has the networks and the sources have the pictures.

    Args:
        bundle: whose stages are measured.
        sources: renders and photos; only what training holds out of them is used.
        pictures: how many front renders, varied characters and photos at most, each.
        searches: how many drawn faces and photos iterative generation is tried on; 0 leaves it out.
        seed: of rendered characters and random starts.
        folder: where pairs are rendered to, if they are; a temporary one if not given.
        progress: called with (what is being done, done, in all).

    Raises:
        InputError: fewer than 3 pictures asked for, or sources that do not fit the bundle.
        MissingDependency: no pairs were given and the engine's assets are not here.
    """
    if pictures < 3:
        raise InputError(f"stages are measured on at least 3 pictures, found {pictures}")
    with TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        held = hold_out(bundle, sources, pictures, seed, folder or Path(temporary), progress)
    return StageReport(bundle, measure_stages(bundle, held, searches, seed, progress))


def hold_out(
    bundle: Bundle, sources: StageSources, pictures: int, seed: int, folder: Path, progress: Progress | None = None
) -> HeldOut:
    """Read, align and, where no pairs are given, render what stages are measured on; see `evaluate_stages`."""
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
    """Measure every stage on pictures that are there already; see `evaluate_stages`."""
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
