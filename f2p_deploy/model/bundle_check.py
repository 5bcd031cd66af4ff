"""A check of a whole bundle: its files, weights, graphs, and where its networks come from."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from f2p_deploy.artifact.artifact import MANIFEST_FILE, read_artifact
from f2p_deploy.model.bundle import HEADER, PRIORS_FILE, Bundle, read_header, why_damaged
from f2p_deploy.model.bundle_artifact import has_artifact, why_outdated
from f2p_deploy.model.imported import imported_networks
from f2p_deploy.model.shortcut_owner import outdated_networks
from f2p_deploy.model.training_line import training_line
from f2p_deploy.system.errors import FloorMissed, InputError
from f2p_deploy.system.extras import missing_modules

#: `missing`: something to train before everything works; `left out`: this bundle does not need it; `note`: to know.
State = Literal["ok", "damaged", "missing", "left out", "note"]
STATES: tuple[State, ...] = get_args(State)


@dataclass(frozen=True)
class CheckedPart:
    """The result for one part of a bundle.

    Args:
        part: a file or a graph.
        state: one of `STATES`.
        detail: a sentence, or empty.
    """

    part: str
    state: State
    detail: str = ""


@dataclass(frozen=True)
class BundleCheck:
    """The result of `check_whole_bundle`."""

    bundle: Bundle
    parts: tuple[CheckedPart, ...]

    def count(self, state: State) -> int:
        """Return the number of parts in a state."""
        return sum(part.state == state for part in self.parts)

    def require_whole(self) -> None:
        """Raise unless nothing is damaged or missing.

        Raises:
            InputError: a file is damaged.
            FloorMissed: every file is sound, but something is still to be trained.
        """
        for state, kind in (("damaged", InputError), ("missing", FloorMissed)):
            found = [part for part in self.parts if part.state == state]
            if found:
                more = f", and {len(found) - 1} more" if len(found) > 1 else ""
                part, detail = found[0].part, found[0].detail
                raise kind(f"{detail if part in detail else f'{part}: {detail}'}{more}")


def check_whole_bundle(folder: Path) -> BundleCheck:
    """Check everything about a bundle; unlike `load_bundle` it goes on after the first damaged file.

    Without PyTorch the files are checked, but neither that the weights fit nor the graphs.

    Raises:
        InputError: the folder is not a bundle, or its header is damaged.
    """
    bundle = read_header(folder)
    parts = [CheckedPart(HEADER, "ok", f"schema {bundle.schema.name}, {bundle.schema.n} parameters")]
    parts += [_file(bundle, name) for name in bundle.stored]
    if has_artifact(bundle):
        parts.append(_artifact(bundle))
    damaged = any(part.state == "damaged" for part in parts)
    if "torch" in missing_modules("export"):
        parts.append(CheckedPart("graphs", "note", "not checked: PyTorch is not installed"))
    elif not damaged:
        parts += _graphs(bundle)
    parts += [*_origins(bundle), *_outdated(bundle)]
    return BundleCheck(bundle, tuple(parts))


def _file(bundle: Bundle, name: str) -> CheckedPart:
    """Return the result for one file: its size, its hash, and whether its weights fit the settings."""
    from f2p_deploy.model.stored_network import read_network

    reason = why_damaged(bundle, name)
    if not reason and "torch" not in missing_modules("export"):
        try:
            if name == PRIORS_FILE:
                _ = bundle.priors
            else:
                read_network(bundle.path / name, name.removesuffix(".safetensors"), bundle.schema, bundle.settings)
        except InputError as error:
            reason = str(error)
    return CheckedPart(name, "damaged" if reason else "ok", reason or f"{bundle.stored[name].bytes / 1e6:.2f} MB")


def _artifact(bundle: Bundle) -> CheckedPart:
    try:
        outdated = why_outdated(bundle, read_artifact(bundle.path))
    except InputError as error:
        return CheckedPart(MANIFEST_FILE, "missing", str(error))
    if outdated:
        return CheckedPart(MANIFEST_FILE, "note", outdated)
    return CheckedPart(MANIFEST_FILE, "ok", "the artifact in the folder is of this state of the bundle")


def _graphs(bundle: Bundle) -> Iterator[CheckedPart]:
    from f2p_deploy.model.graphs import FAST, GRAPHS, available_graphs, why_incomplete

    available = available_graphs(bundle)
    for graph in GRAPHS:
        reason = why_incomplete(bundle, graph)
        if graph in available:
            yield CheckedPart(f"graph {graph}", "ok")
        elif not reason:
            yield CheckedPart(f"graph {graph}", "left out", "the content of `describe` holds the class maps already")
        elif graph in FAST and (bundle.settings.search == "surrogate" or "shortcut" not in bundle.networks):
            yield CheckedPart(f"graph {graph}", "left out", "for bundles with a shortcut")
        else:
            yield CheckedPart(f"graph {graph}", "missing", reason)


def _origins(bundle: Bundle) -> Iterator[CheckedPart]:
    for name, mark in imported_networks(bundle).items():
        origin = f"imported from {mark.get('file')} ({mark.get('kind')})"
        if mark.get("start"):
            yield CheckedPart(name, "missing", f"{origin}, a start: {training_line(bundle.path, name)} goes on from it")
        else:
            yield CheckedPart(name, "note", f"{origin}; not trained over without --retrain")


def _outdated(bundle: Bundle) -> Iterator[CheckedPart]:
    """Return the networks that learned from others that have changed; graphs through the shortcut say it of that."""
    for name, reason in outdated_networks(bundle).items():
        if name != "shortcut":
            yield CheckedPart(name, "missing", reason)
