"""The loop that every stage trains in: seeded, resumable after a kill, with metrics and picture sheets on disk.

A stage's folder holds `state.pt` (tensors and numbers only), `metrics.jsonl` and `sheet-<step>.png`.
"""

import io
import json
import logging
import pickle
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image

from f2p_deploy.system.errors import InputError, Interrupted
from f2p_deploy.system.files import open_whole, write_whole
from f2p_deploy.system.interruption import postponed
from f2p_deploy.training.schedule import Schedule

log = logging.getLogger(__name__)

#: Called after every update with (updates done, updates in all, metrics of this update).
Progress = Callable[[int, int, Mapping[str, float]], None]


class Stage(Protocol):
    """What one stage brings to the loop."""

    name: str
    #: What is optimised and saved, by name.
    modules: dict[str, torch.nn.Module]
    #: Number of training samples, which makes an epoch.
    samples: int

    def loss(self, batch: np.ndarray, step: int, rng: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        """Return the loss of some samples and numbers worth a line.

        Args:
            batch: (B,) positions of training samples.
            step: number of the update, from 0.
            rng: for augmentation; the same for the same seed and step.
        """
        ...

    def trained(self) -> torch.nn.Module:
        """Return the network that the bundle stores."""
        ...

    def evaluate(self) -> dict[str, float]:
        """Return metrics on held-out data; the modules are in evaluation mode."""
        ...

    def sheet(self) -> np.ndarray:
        """Return a picture (H, W, 3) uint8 that shows how far training is; the modules are in evaluation mode."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What a stage's training came to.

    Args:
        steps: updates in all.
        seconds: time spent in updates, over all resumptions.
        metrics: the last evaluation.
    """

    steps: int
    seconds: float
    metrics: dict[str, float]


def train(
    stage: Stage,
    schedule: Schedule,
    folder: Path,
    seed: int,
    progress: Progress | None = None,
    sheet_every: int = 1000,
    save_seconds: float = 60.0,
) -> Outcome:
    """Train a stage, going on where an earlier run stopped.

    The order of samples and all augmentation follow from the seed and the number of the update alone, so a run that
    was killed and resumed sees what an undisturbed run sees. A schedule of more steps goes on from a shorter one's
    state, too, at its own learning rate.

    Args:
        stage: networks, loss and evaluation.
        schedule: how long and how fast.
        folder: made if it is not there.
        seed: of order and augmentation.
        progress: called after every update.
        sheet_every: updates between two evaluations with a picture sheet.
        save_seconds: time between two saved states.

    Raises:
        InputError: the folder cannot be written, or holds a damaged state or one of another schedule or seed.
        Interrupted: the user stopped it; the state is saved.
    """
    state_path = folder / "state.pt"
    optimiser = schedule.optimiser_for(stage.modules)
    described = {"stage": stage.name, "seed": seed, "samples": stage.samples, "schedule": asdict(schedule)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot create the folder {folder}: {error.strerror}") from error
    done, seconds = _resume(state_path, stage, optimiser, described)
    total = schedule.total_steps(stage.samples)
    metrics: dict[str, float] = {}
    if done:
        log.info("%s: going on after %d of %d updates", stage.name, done, total)

    def save() -> None:
        content = {
            "described": json.dumps(described, sort_keys=True),
            "step": done,
            "seconds": seconds,
            "modules": {name: module.state_dict() for name, module in stage.modules.items()},
            "optimiser": optimiser.state_dict(),
        }
        stream = io.BytesIO()
        torch.save(content, stream)
        write_whole(state_path, stream.getvalue())

    saved_at = time.monotonic()
    try:
        while done < total:
            with postponed():  # a state with half an update in it could not be gone on from
                started = time.monotonic()
                for group in optimiser.param_groups:
                    group["lr"] = schedule.rate(done, stage.samples)
                for module in stage.modules.values():
                    module.train()
                rng = np.random.default_rng((seed, done))
                torch.manual_seed(int(rng.integers(2**31)))
                loss, numbers = stage.loss(_batch(stage.samples, schedule.batch, done, seed), done, rng)
                if not torch.isfinite(loss):
                    raise InputError(
                        f"{stage.name}: the loss became {loss.item()} at update {done}, so nothing was stored: look "
                        f"for damaged data (f2p-deploy engine check), or remove {folder} and begin again with another "
                        "--seed"
                    )
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
                done += 1
                seconds += time.monotonic() - started
                numbers = {"loss": float(loss.detach()), **numbers}
                _append(folder / "metrics.jsonl", {"step": done, "seconds": round(seconds, 2), **numbers})
            if progress is not None:
                progress(done, total, numbers)
            if done % sheet_every == 0 and done < total:
                _show(stage, folder, done)
            if time.monotonic() - saved_at > save_seconds:
                save()
                saved_at = time.monotonic()
        save()
        metrics = _show(stage, folder, done)
    except KeyboardInterrupt:
        stopped = f"{stage.name}: stopped after {done} of {total} updates"
        try:
            save()
        except InputError as error:
            raise Interrupted(f"{stopped}; the same command goes on from the state before, since {error}") from None
        raise Interrupted(f"{stopped}; the same command goes on from there") from None
    return Outcome(done, seconds, metrics)


def _batch(samples: int, size: int, step: int, seed: int) -> np.ndarray:
    """Return the positions of update `step`: a fresh permutation every epoch."""
    size = min(size, samples)
    epoch, position = divmod(step, max(1, samples // size))
    order = np.random.default_rng((seed, 7, epoch)).permutation(samples)
    return np.sort(order[position * size : (position + 1) * size])


def _show(stage: Stage, folder: Path, step: int) -> dict[str, float]:
    for module in stage.modules.values():
        module.eval()
    with torch.no_grad():
        metrics = stage.evaluate()
        picture = stage.sheet()
    _append(folder / "metrics.jsonl", {"step": step, "evaluation": metrics})
    with open_whole(folder / f"sheet-{step:06d}.png") as file:
        Image.fromarray(picture).save(file, "PNG")
    log.info("%s after %d updates: %s", stage.name, step, metrics)
    return metrics


def _resume(path: Path, stage: Stage, optimiser: torch.optim.Optimizer, described: dict[str, Any]) -> tuple[int, float]:
    if not path.exists():
        return 0, 0.0
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        found = json.loads(content["described"])
        wanted = json.loads(json.dumps(described))
        if not _goes_on(found, wanted):
            different = next(key for key in wanted if found.get(key) != wanted[key])
            raise InputError(
                f"{path} is the state of a training with another {different}: give the same settings, or remove it"
            )
        for name, module in stage.modules.items():
            module.load_state_dict(content["modules"][name])
        optimiser.load_state_dict(content["optimiser"])
        return int(content["step"]), float(content["seconds"])
    except (KeyError, ValueError, RuntimeError, EOFError, OSError, pickle.UnpicklingError) as error:
        raise InputError(f"{path} is damaged: remove it to train {stage.name} from the beginning") from error


def _goes_on(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Tell whether a training may go on from the state of another: the same one, or one of fewer steps."""
    steps, more = found["schedule"].get("steps"), wanted["schedule"]["steps"]
    if steps is not None and more is not None and steps <= more:
        found = {**found, "schedule": {**found["schedule"], "steps": more}}
    return found == wanted


def _append(path: Path, line: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line) + "\n")
