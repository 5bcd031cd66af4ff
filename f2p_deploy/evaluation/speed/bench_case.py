"""A case of a benchmark: one mode at one batch size, on real faces, with PyTorch's reference output."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args

import numpy as np
import torch

from f2p_deploy.alignment.sample_faces import Faces
from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.artifact.parity import Parity, Precision, SearchResults, compare, compare_trajectories, share_of_floor
from f2p_deploy.character.parameters import harden
from f2p_deploy.evaluation.speed.request import GRAPHS, SEARCHES
from f2p_deploy.model.bundle import Bundle, load_bundle
from f2p_deploy.model.captured_search import full_float32
from f2p_deploy.model.graphs import BundleGraph
from f2p_deploy.model.reference import reference_generate, reference_iterate
from f2p_deploy.model.result import to_picture
from f2p_deploy.model.similarity import identity_loss
from f2p_deploy.model.state import first_state
from f2p_deploy.runtimes.step_tensors import plain_step

#: The precision whose parity thresholds (floors) hold for a precision without thresholds.
FLOORS_OF = {"bf16": "fp16", "tf32": "fp16"}

Outputs = Mapping[str, np.ndarray]

#: One gradient step: from the inputs of the graph `step`, by name, to its outputs.
Step = Callable[[Outputs], Outputs]


@dataclass(frozen=True)
class BenchCase:
    """One mode at one batch size.

    Args:
        mode: of `f2p_deploy.evaluation.speed.request.MODES`.
        bundle: the measured networks, on the CPU.
        here: the same networks on PyTorch's device.
        graphs: the bundle's graphs of this batch size, by name.
        faces: (N, 3, S, S) float32, RGB in [0, 1], and their names.
        inputs: of the mode's graph; for a search, the faces.
        artifacts: of this batch size.
        threads: number of CPU cores; None means all that this process may use.
        device: PyTorch's device, `cpu` or `cuda`.
        reference: PyTorch's float32 outputs; for `iterative`, two searches whose starts differ by one rounding step;
            empty for the other searches, whose single steps are compared.
    """

    mode: str
    bundle: Bundle
    here: Bundle
    graphs: Mapping[str, BundleGraph]
    faces: Faces
    inputs: Outputs
    artifacts: tuple[Artifact, ...]
    threads: int | None
    device: str
    reference: Outputs | tuple[SearchResults, SearchResults]

    @property
    def batch(self) -> int:
        """Faces in a call."""
        return len(self.faces.images)

    @property
    def graph(self) -> BundleGraph:
        """The mode's graph."""
        return self.graphs[GRAPHS[self.mode]]

    @property
    def first_step(self) -> Outputs:
        """The inputs of a search's first gradient step."""
        described = self.graphs["describe"].compute({"face": self.faces.images})
        settings, start = self.bundle.settings.iterative, first_state(self.bundle, self.batch).numpy()
        given = plain_step(start, described, settings.learning_rate, settings)
        return {spec.name: given[spec.name] for spec in self.graph.inputs}

    @property
    def pictures(self) -> list[np.ndarray]:
        """The faces as (S, S, 3) uint8."""
        return [to_picture(face) for face in self.faces.images]

    def likeness(self, answer: "SearchResults") -> tuple[float, float]:
        """Return how alike the characters of a search are to their faces, by the imitator's pictures of them.

        Returns:
            The mean cosine between the embeddings of face and character, and their mean loss (eq. 9). Options are
            one-hot, as a game needs them.
        """
        bundle = self.bundle
        hard = torch.from_numpy(harden(answer.parameters, bundle.schema))
        with torch.inference_mode():
            wanted = bundle.similarity.describe(torch.from_numpy(self.faces.images))
            own = bundle.similarity.describe(bundle.imitator(hard))
            losses = bundle.similarity.compare(*own, *wanted)
        return float(1.0 - identity_loss(wanted[0], own[0]).mean()), float(losses.mean())

    def judge(self, answer: "Outputs | SearchResults", precision: str, step: Step | None = None) -> dict[str, Any]:
        """Compare outputs with PyTorch's and return the worst parity record.

        Args:
            answer: outputs of the mode.
            precision: selects the thresholds (floors).
            step: function of a single gradient step; a search amplifies rounding, so its end alone is not conclusive.

        Returns:
            `share` (difference / difference that the floor allows), `graph`, `metric`, `value`, `floor`, `passed`.
        """
        named = FLOORS_OF.get(precision, precision)
        floors = cast(Precision, named if named in get_args(Precision) else "fp32")
        names = self.faces.names
        if isinstance(answer, SearchResults):
            records: tuple[Parity, ...] = ()
            if self.reference:
                exact, rounded = cast(tuple[SearchResults, SearchResults], self.reference)
                records += compare_trajectories(exact, rounded, answer, names, floors)
            if step is not None:
                graph, given = self.graph, self.first_step
                outputs = graph.compute(given), step(given)
                records += compare(graph.name, *outputs, names, floors, self.bundle.schema, given)
        else:
            reference = cast(Outputs, self.reference)
            records = compare(self.graph.name, reference, answer, names, floors, self.bundle.schema, self.inputs)
        worst = max(records, key=share_of_floor)
        share = min(share_of_floor(worst), 1e6)
        facts = {name: getattr(worst, name) for name in ("graph", "metric", "value", "floor", "passed")}
        return {"share": share, **facts, "passed": all(record.passed for record in records)}


def moved(bundle: Bundle, device: str) -> Bundle:
    """Return a bundle with its networks on a device; for `cpu`, the bundle itself."""
    if device == "cpu":
        return bundle
    copy = load_bundle(bundle.path)
    for name in copy.networks:
        getattr(copy, name).to(device)
    copy.similarity.to(device)
    return copy


def make_case(
    mode: str,
    bundle: Bundle,
    here: Bundle,
    graphs: Mapping[str, BundleGraph],
    faces: Faces,
    artifacts: tuple[Artifact, ...],
    threads: int | None,
    device: str,
) -> BenchCase:
    """Return the case of a mode with PyTorch's reference computed; for the arguments see `BenchCase`."""
    inputs: dict[str, np.ndarray] = {"face": faces.images}
    if mode == "render":
        inputs = {"parameters": graphs["one_shot"].compute(inputs)["parameters"]}
    if mode == "iterative":
        start = first_state(bundle, len(faces.images)).numpy()
        beside = np.nextafter(start, np.float32(1.0))
        with full_float32():
            runs = search(here, faces, start), search(here, faces, beside)
        reference: Outputs | tuple[SearchResults, SearchResults] = runs
    elif mode in SEARCHES:
        reference = {}
    else:
        reference = graphs[GRAPHS[mode]].compute(inputs)
    return BenchCase(mode, bundle, here, graphs, faces, inputs, artifacts, threads, device, reference)


def search(
    bundle: Bundle, faces: Faces, start: np.ndarray | None = None, loss_of: torch.nn.Module | None = None
) -> SearchResults:
    """Run PyTorch's plain search on the device of the networks; for the arguments see `reference_iterate`."""
    device = next(bundle.imitator.parameters()).device
    given = None if start is None else torch.from_numpy(start).to(device)
    trajectory = reference_iterate(bundle, torch.from_numpy(faces.images).to(device), start=given, loss_of=loss_of)
    return SearchResults(trajectory.parameters, trajectory.losses.T)


def hybrid(bundle: Bundle, pictures: Sequence[np.ndarray]) -> SearchResults:
    """Run PyTorch's plain hybrid generation of one face after another on the CPU."""
    made = [reference_generate(bundle, picture, "hybrid") for picture in pictures]
    return SearchResults(np.stack([one.probabilities for one in made]), np.array([one.losses for one in made]))


@dataclass(frozen=True)
class Prepared:
    """A contender that is loaded and ready for calls.

    Args:
        call: computes the case once and waits for the result.
        read: converts the result of a call to NumPy; not timed.
        precision: of its multiplications.
        device: description of the device by the runtime.
        step: for a search, a function of a single gradient step, if there is one.
    """

    call: Callable[[], Any]
    read: Callable[[Any], "Outputs | SearchResults"]
    precision: str
    device: str
    step: Step | None = None
