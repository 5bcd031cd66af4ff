"""The contenders of a benchmark: the runtimes of this project, and the usual alternatives."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.artifact.parity import SearchResults
from f2p_deploy.character.schema import suggestion
from f2p_deploy.evaluation.speed import peers
from f2p_deploy.evaluation.speed.bench_case import BenchCase, Outputs, Prepared
from f2p_deploy.evaluation.speed.request import CONTENDERS, GRAPHS, SEARCHES
from f2p_deploy.model.result import Generation
from f2p_deploy.runtimes import RUNTIMES, Runtime, load
from f2p_deploy.runtimes.search import generate_many, graphs_for, iterate
from f2p_deploy.system.errors import InputError, MissingDependency


@dataclass(frozen=True)
class Contender:
    """One contender of a benchmark.

    Args:
        name: as in `--runtime`.
        prepare: loads it for a case.
        why_not: returns the reason why it cannot run a case here; empty if it can.
        compiles_s: estimated compile time in seconds before its first call, by mode; 0 if short.
    """

    name: str
    prepare: Callable[[BenchCase], Prepared]
    why_not: Callable[[BenchCase], str] = lambda case: ""
    compiles_s: Callable[[str], float] = lambda mode: 0.0


#: Contenders that are no runtimes of artifacts; eager PyTorch comes first because it is the baseline.
PEERS = (
    Contender("torch", peers.eager),
    Contender("onnx-naive", peers.naive, peers.why_not_naive),
    *(
        Contender(f"torch-captured{suffix}", peers.captured(precision), peers.why_not_captured)
        for suffix, precision in (("", "fp32"), ("-fp16", "fp16"), ("-bf16", "bf16"))
    ),
    # Measured with the demo bundle on two cores: 28 s for one-shot, 66 s for the loss and its gradient.
    Contender(
        "torch.compile",
        peers.compiled,
        peers.why_not_whole,
        compiles_s=lambda mode: 66.0 if mode == "iterative" else 28.0,
    ),
)


def require_here(wanted: tuple[str, ...]) -> None:
    """Raise unless every contender that was named can run here.

    Raises:
        InputError: an unknown name.
        MissingDependency: a runtime that is not installed or whose hardware is missing.
    """
    for name in wanted:
        if name not in CONTENDERS:
            raise InputError(f"no runtime named {name!r}{suggestion(name, CONTENDERS)}")
        reason = RUNTIMES[name].why_not_here() if name in RUNTIMES else ""
        if reason:
            raise MissingDependency(f"the runtime {name!r} cannot run here: {reason}")


def contenders_for(artifacts: tuple[Artifact, ...], wanted: tuple[str, ...]) -> tuple[Contender, ...]:
    """Return the contenders: eager PyTorch, the runtimes of every artifact, then the other peers.

    Args:
        artifacts: the available artifacts.
        wanted: names of `CONTENDERS`; all that fit if empty.

    Raises:
        InputError: a runtime runs none of the artifacts.
    """
    runtimes: list[Contender] = []
    for artifact in artifacts:
        suffixes = {Path(entry.file).suffix for entry in artifact.manifest.graphs.values()}
        for name, kind in RUNTIMES.items():
            if suffixes <= set(kind.suffixes) and (not wanted or name in wanted):
                runtimes.append(_of_artifact(name, artifact, kind.why_not_here()))
    used = {contender.name for contender in runtimes}
    idle = [name for name in wanted if name in RUNTIMES and name != "torch" and name not in used]
    if idle:
        raise InputError(
            f"the runtime {idle[0]!r} runs none of the artifacts ({', '.join(str(a.folder) for a in artifacts)}): "
            f"--artifact names one of {', '.join(RUNTIMES[idle[0]].suffixes)} files"
        )
    others = [peer for peer in PEERS[1:] if not wanted or peer.name in wanted]
    return (PEERS[0], *runtimes, *others)


def _of_artifact(name: str, artifact: Artifact, reason: str) -> Contender:
    def why_not(case: BenchCase) -> str:
        if reason:
            return reason
        if GRAPHS[case.mode] not in artifact.manifest.graphs:
            return f"{artifact.folder} has no graph {GRAPHS[case.mode]}"
        if artifact not in case.artifacts:
            return f"{artifact.folder} was exported for batches of {artifact.manifest.batch}"
        return ""

    def prepare(case: BenchCase) -> Prepared:
        runtime = load(artifact, name, case.threads)
        if runtime.proves == "reference":
            raise MissingDependency("only the reference interpreter could run it here, and its speed is irrelevant")
        entry = artifact.manifest.graphs[case.graph.name]
        precision = "bf16" if name.endswith("bf16") else entry.precision_found
        if case.mode in SEARCHES:
            return _prepare_search(runtime, case, precision)
        runtime.prepare((case.graph.name,))
        return Prepared(lambda: _compute(runtime, case), lambda found: found, precision, runtime.describe_device())

    return Contender(name, prepare, why_not)


def _prepare_search(runtime: Runtime, case: BenchCase, precision: str) -> Prepared:
    mode, fast = SEARCHES[case.mode]
    runtime.prepare(graphs_for(runtime, mode, fast))
    if mode == "iterative":
        call: Callable[[], Any] = partial(iterate, runtime, case.faces.images, fast=fast)
    else:
        # Through a surrogate every search is fast.
        chosen = None if runtime.settings.search == "surrogate" else fast
        call = partial(generate_many, runtime, case.pictures, mode, fast=chosen)
    return Prepared(
        call,
        _ends if mode == "iterative" else _characters,
        precision,
        runtime.describe_device(),
        lambda given: runtime.compute(case.graph.name, given),
    )


def _characters(made: list[Generation]) -> SearchResults:
    return SearchResults(np.stack([one.probabilities for one in made]), np.array([one.losses for one in made]))


def _compute(runtime: Runtime, case: BenchCase) -> Outputs:
    return runtime.compute(case.graph.name, case.inputs)


def _ends(trajectory: "peers.Trajectory") -> SearchResults:
    return SearchResults(trajectory.parameters, trajectory.losses.T)
