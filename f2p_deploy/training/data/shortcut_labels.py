"""Labels of the shortcut: descriptions of the imitator's pictures, and gradients of the search's loss."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from f2p_deploy.character.parameters import random_batch
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.one_shot import one_shot
from f2p_deploy.model.result import SMALLEST_PROBABILITY
from f2p_deploy.model.settings import IterativeSettings
from f2p_deploy.model.shortcut_owner import described_by
from f2p_deploy.model.state import StateToParameters, first_state, state_from
from f2p_deploy.model.update import Update, lookahead
from f2p_deploy.system.files import open_whole
from f2p_deploy.system.progress import Progress, silent
from f2p_deploy.training.data.pair_tensors import to_float

#: Samples of one file of labels, after which an interrupted labelling resumes.
CHUNK = 512

#: Characters drawn, and faces described, at once.
BATCH = 8

#: Searches that are run at once to visit states.
SEARCHES_AT_ONCE = 64

#: Shares of the samples whose options are one-hot, mixed with one option, mixed freely; the rest is uniform.
OPTION_KINDS = (0.5, 0.25, 0.2)


@dataclass(frozen=True, eq=False)
class Values:
    """Descriptions of the imitator's pictures.

    Args:
        parameters: (N, n) float32.
        identities: (N, d) float32.
        maps: (N, M, H, W) float16, see `Similarity.maps`.
    """

    parameters: np.ndarray
    identities: np.ndarray
    maps: np.ndarray


@dataclass(frozen=True, eq=False)
class Targets:
    """Faces that searches are run towards: photos if there are any, and drawn characters.

    Args:
        identities: (T, d).
        contents: (T, C, H, W).
        parameters: (T, n) one-shot characters of the faces.
        key: names the faces; labels made for other faces are not used again.
    """

    identities: torch.Tensor
    contents: torch.Tensor
    parameters: torch.Tensor
    key: str


@dataclass(frozen=True, eq=False)
class Gradients:
    """Gradients of the exact loss at states of searches, and descriptions of the pictures of these states.

    Args:
        states: (N, n) float32.
        targets: (N,) int64 positions of `Targets`.
        gradients: (N, n) float32, dL/dstate.
        losses: (N,) float32.
        identities: (N, d) float32.
        maps: (N, M, H, W) float16, see `Similarity.maps`.
    """

    states: np.ndarray
    targets: np.ndarray
    gradients: np.ndarray
    losses: np.ndarray
    identities: np.ndarray
    maps: np.ndarray


def sample_characters(bundle: Bundle, count: int, generator: torch.Generator) -> torch.Tensor:
    """Return (count, n) parameters from the region that searches visit.

    Controllers lie around the mean of the priors, in their subspace and off it, or without priors around the average
    face; some are spread widely. Options are one-hot, mixed or uniform, as softmaxes pass them during a search.
    """
    schema = bundle.schema
    n_c = schema.n_c

    def rand(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator)

    def randn(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    if bundle.priors is not None:
        matrices = bundle.priors.as_matrices()
        mean, basis = torch.from_numpy(matrices.mean), torch.from_numpy(matrices.basis)
        near = mean + (randn(count, basis.shape[1]) * (0.1 + 0.7 * rand(count, 1))) @ basis.T
    else:
        mean = torch.tensor([controller.default for controller in schema.controllers])
        near = mean + 0.15 * randn(count, n_c) * rand(count, 1)
    near = near + 0.05 * randn(count, n_c) * rand(count, 1)
    wide = mean + (rand(count, n_c) - 0.5) * rand(count, 1)
    parts = [torch.where(rand(count, 1) < 0.3, wide, near).clamp(0.0, 1.0)]
    for group in schema.discrete_groups:
        parts.append(_sample_options(len(group.options), count, generator))
    return torch.cat(parts, dim=1)


def _sample_options(size: int, count: int, generator: torch.Generator) -> torch.Tensor:
    hard = F.one_hot(torch.randint(size, (count,), generator=generator), size).float()
    free = -torch.rand(count, size, generator=generator).clamp_min(1e-9).log()
    free = (free**2) / (free**2).sum(dim=1, keepdim=True)
    share, kind = torch.rand(count, 1, generator=generator), torch.rand(count, 1, generator=generator)
    first, second, third = np.cumsum(OPTION_KINDS)
    even = torch.full((count, size), 1.0 / size)
    mixed = share * hard + (1.0 - share) * free
    return torch.where(kind < first, hard, torch.where(kind < second, mixed, torch.where(kind < third, free, even)))


def label_values(bundle: Bundle, count: int, seed: int, folder: Path, progress: Progress = silent) -> Values:
    """Return descriptions of `count` sampled characters; files of an earlier call are used again.

    Args:
        bundle: gives G and F.
        count: number of characters.
        seed: of the characters.
        folder: of the files, one for every `CHUNK` characters.
        progress: called after every file with the characters done.
    """
    parts = []
    for start in range(0, count, CHUNK):
        number = min(CHUNK, count - start)
        generator = torch.Generator().manual_seed(seed * 1_000_003 + start)
        parameters = sample_characters(bundle, number, generator)
        key = _key(bundle, "values", seed, start, number)
        path = folder / f"values-{start:06d}.npz"
        content = _read(path, key)
        if content is None:
            content = _describe_characters(bundle, parameters, partial(_within, progress, start, count))
            _write(path, key, content)
        parts.append({"parameters": parameters.numpy(), **content})
        progress("describing characters", start + number, count)
    return Values(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _within(progress: Progress, start: int, count: int, done: int) -> None:
    """Report characters that are described within a file."""
    progress("describing characters", start + done, count)


def _describe_characters(
    bundle: Bundle, parameters: torch.Tensor, described: Callable[[int], None]
) -> dict[str, np.ndarray]:
    identities, maps = [], []
    with torch.inference_mode():
        for part in parameters.split(BATCH):
            pictures = bundle.imitator(part.to(_device_of(bundle.imitator)))
            identities.append(bundle.similarity.identity(pictures).cpu())
            maps.append(bundle.similarity.maps(pictures).half().cpu())
            described(sum(map(len, identities)))
    return {"identities": torch.cat(identities).numpy(), "maps": torch.cat(maps).numpy()}


def describe_targets(bundle: Bundle, faces: np.ndarray, characters: int, seed: int) -> Targets:
    """Return the descriptions of faces and of drawn characters.

    Args:
        bundle: gives G, F and T.
        faces: (P, S, S, 3) uint8 aligned photos, RGB; may be empty.
        characters: number of drawn characters.
        seed: of the characters.
    """
    drawn = sample_characters(bundle, characters, torch.Generator().manual_seed(seed * 1_000_003 + 17))
    identities, contents, parameters = [], [], []
    with torch.inference_mode():
        parts = [to_float(faces[i : i + BATCH]) for i in range(0, len(faces), BATCH)]
        parts += [bundle.imitator(part) for part in drawn.split(BATCH)]
        for pictures in parts:
            identity, content = bundle.similarity.describe(pictures)
            identities.append(identity)
            contents.append(content)
            parameters.append(torch.from_numpy(one_shot(bundle, pictures)))
    key = hashlib.sha256(faces.tobytes()).hexdigest() + f", {characters} characters, seed {seed}"
    described = [torch.cat(values).clone() for values in (identities, contents, parameters)]
    return Targets(described[0], described[1], described[2], key)


def label_gradients(
    bundle: Bundle,
    states: torch.Tensor,
    positions: torch.Tensor,
    targets: Targets,
    path: Path,
    key: str,
    progress: Progress = silent,
) -> Gradients:
    """Return gradients of the exact loss at states, computed by autograd; the file of an earlier call is used again.

    Args:
        bundle: gives the loss and beta.
        states: (N, n).
        positions: (N,) of `targets`.
        targets: descriptions of the faces.
        path: file of the result.
        key: names the states; together with bundle and targets it decides whether the file is used again.
        progress: called with the states done.
    """
    key = _key(bundle, "described gradients", key, targets.key)
    content = _read(path, key)
    if content is None:
        to_parameters = StateToParameters(bundle, bundle.settings.iterative.beta)
        similarity, device = bundle.similarity, _device_of(bundle.imitator)
        parts: list[dict[str, torch.Tensor]] = []
        for part, at in zip(states.split(BATCH), positions.split(BATCH), strict=True):
            leaf = part.clone().requires_grad_(True)
            picture = bundle.imitator(to_parameters(leaf).to(device))
            identity, maps = similarity.identity(picture), similarity.maps(picture)
            own = similarity.content_of_maps(maps)
            wanted = targets.identities[at].to(device), targets.contents[at].to(device)
            loss = similarity.compare(identity, own, *wanted)
            (gradient,) = torch.autograd.grad(loss.sum(), leaf)
            progress("labelling gradients", BATCH * len(parts), len(states))
            parts.append({"gradients": gradient, "losses": loss, "identities": identity, "maps": maps.half()})
        labels = {name: torch.cat([part[name].detach().cpu() for part in parts]).numpy() for name in parts[0]}
        content = {"states": states.numpy(), "targets": positions.numpy(), **labels}
        _write(path, key, content)
    return Gradients(**content)


def sampled_states(
    bundle: Bundle, count: int, targets: Targets, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (count, n) states of sampled characters and (count,) positions of targets."""
    beta = bundle.settings.iterative.beta
    states = state_from(sample_characters(bundle, count, generator), bundle.schema.n_c, beta)
    return states, torch.randint(len(targets.identities), (count,), generator=generator)


def visited_states(
    bundle: Bundle,
    loss_of: torch.nn.Module,
    count: int,
    targets: Targets,
    generator: torch.Generator,
    settings: IterativeSettings | None = None,
    progress: Progress = silent,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return states that searches with a loss visit, and the positions of their targets.

    A third of the searches begin like iterative generation and a third at one-shot characters, both with the options
    that the loss prefers if the bundle's searches choose options; a third begin at one-shot characters with random
    options. Each search gives four states.

    Args:
        bundle: gives the settings of the searches.
        loss_of: the loss that is searched with, such as `ShortcutLoss`.
        count: number of states.
        targets: descriptions of the faces.
        generator: of the choice.
        settings: of the searches; the bundle's for iterative generation if not given.
        progress: called with the states visited.
    """
    settings = settings or bundle.settings.iterative
    n_c, each, device = bundle.schema.n_c, 4, _device_of(loss_of)
    update = Update(bundle, settings)
    rates = settings.learning_rates()
    states, positions = [], []
    for begun in range(0, count, SEARCHES_AT_ONCE * each):
        size = min(SEARCHES_AT_ONCE, -(-(count - begun) // each))
        at = torch.randint(len(targets.identities), (size,), generator=generator)
        identity, content = targets.identities[at], targets.contents[at]
        reached = before = _starts(bundle, loss_of, targets, at, generator)
        seen = []
        for rate in rates:
            ahead = lookahead(reached, before, settings.momentum, n_c).requires_grad_(True)
            loss = loss_of(ahead.to(device), identity.to(device), content.to(device))
            (gradient,) = torch.autograd.grad(loss.sum(), ahead)
            seen.append(ahead.detach())
            with torch.no_grad():
                before, reached = reached, update(ahead.detach(), gradient, rate, content)
        steps = torch.stack(seen)
        chosen = torch.randint(len(rates), (each, size), generator=generator)
        states.append(steps[chosen, torch.arange(size)].flatten(0, 1))
        positions.append(at.repeat(each))
        progress("searching for states to label", min(count, begun + size * each), count)
    return torch.cat(states)[:count], torch.cat(positions)[:count]


def _starts(
    bundle: Bundle, loss_of: torch.nn.Module, targets: Targets, at: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    """Return the (N, n) states at which searches towards faces begin: a third each of three kinds."""
    schema, beta = bundle.schema, bundle.settings.iterative.beta
    parameters = targets.parameters[at]
    count, n_c = len(parameters), schema.n_c
    seed = int(torch.randint(2**31, (1,), generator=generator))
    options = torch.from_numpy(random_batch(schema, count, seed))[:, n_c:]
    kind = torch.rand(count, 1, generator=generator)
    random = state_from(torch.cat([parameters[:, :n_c], options], dim=1), n_c, beta)
    start = torch.where(kind < 1 / 3, first_state(bundle, count), state_from(parameters, n_c, beta))
    if bundle.settings.choose_options:
        start = _with_best_options(bundle, loss_of, start, targets.identities[at], targets.contents[at])
    return torch.where(kind > 2 / 3, random, start)


@torch.no_grad()
def _with_best_options(
    bundle: Bundle, loss_of: torch.nn.Module, states: torch.Tensor, identity: torch.Tensor, content: torch.Tensor
) -> torch.Tensor:
    """Return (N, n) states with the option of least loss in every discrete group, chosen in the schema's order."""
    schema, beta = bundle.schema, bundle.settings.iterative.beta
    rows, device = torch.arange(len(states)), _device_of(loss_of)
    for part in schema.discrete_slices.values():
        options = torch.eye(part.stop - part.start).clamp_min(SMALLEST_PROBABILITY).log() / beta
        before, after = states[:, : part.start], states[:, part.stop :]
        tried = [torch.cat([before, option.expand(len(states), -1), after], dim=1) for option in options]
        wanted = identity.to(device), content.to(device)
        losses = torch.stack([loss_of(candidate.to(device), *wanted).cpu() for candidate in tried])
        states = torch.stack(tried)[losses.argmin(dim=0), rows]
    return states


def _device_of(module: torch.nn.Module) -> torch.device:
    return next(module.parameters()).device


def _key(bundle: Bundle, *words: object) -> str:
    content = [described_by(bundle), bundle.schema.fingerprint, *map(str, words)]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _read(path: Path, key: str) -> dict[str, np.ndarray] | None:
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as stored:
        if str(stored["key"]) != key:
            return None
        return {name: stored[name] for name in stored.files if name != "key"}


def _write(path: Path, key: str, content: dict[str, np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_whole(path) as file:
        np.savez(file, key=key, **content)  # type: ignore[arg-type]
