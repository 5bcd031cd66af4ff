"""The training loop of every stage: seeded, resumable after a kill, with metrics and picture sheets on disk.

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

#: Called after every update with (updates done, updates in total, metrics of this update).
OnUpdate = Callable[[int, int, Mapping[str, float]], None]


class Stage(Protocol):
    """A stage as the training loop sees it: networks, loss and evaluation."""

    name: str
    #: The modules to optimise and to save, by name.
    modules: dict[str, torch.nn.Module]
    #: Number of training samples; one pass over them is an epoch.
    samples: int

    def loss(self, batch: np.ndarray, step: int, rng: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        """Return the loss of a batch, and numbers for the metrics file.

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
        """Return a picture (H, W, 3) uint8 that shows the state of training; the modules are in evaluation mode."""
        ...


@dataclass(frozen=True)
class Outcome:
    """The result of a stage's training.

    Args:
        steps: updates in total.
        seconds: time spent in updates, summed over all runs.
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
    progress: OnUpdate | None = None,
    sheet_every: int = 1000,
    save_seconds: float = 60.0,
) -> Outcome:
    """Train a stage, or resume where an earlier run stopped.

    The order of samples and all augmentation depend only on the seed and the number of the update, so a run that was
    killed and resumed sees the same batches as an undisturbed one. A longer schedule may resume the state of a shorter
    one; it continues at the longer schedule's learning rate.

    Args:
        stage: networks, loss and evaluation.
        schedule: length, optimiser and learning rate.
        folder: created if it does not exist.
        seed: of order and augmentation.
        progress: called after every update.
        sheet_every: updates between two evaluations with a picture sheet.
        save_seconds: seconds between two saved states.

    Raises:
        InputError: the folder cannot be written, or holds a damaged state or one of another schedule or seed.
        Interrupted: the user stopped it; the state is saved.
    """
    training = _Training(stage, schedule, folder, seed)
    training.resume()
    saved_at = time.monotonic()
    try:
        while training.done < training.total:
            numbers = training.update()
            if progress is not None:
                progress(training.done, training.total, numbers)
            if training.done % sheet_every == 0 and training.done < training.total:
                training.evaluate()
            if time.monotonic() - saved_at > save_seconds:
                training.save()
                saved_at = time.monotonic()
        training.save()
        metrics = training.evaluate()
    except KeyboardInterrupt:
        raise training.save_interrupted() from None
    return Outcome(training.done, training.seconds, metrics)


class _Training:
    """A training in progress: the optimiser, the number of updates done, and the files in the stage's folder.

    Args:
        stage: networks, loss and evaluation.
        schedule: length, optimiser and learning rate.
        folder: of the state, the metrics and the sheets.
        seed: of order and augmentation.
    """

    def __init__(self, stage: Stage, schedule: Schedule, folder: Path, seed: int) -> None:
        self.stage, self.schedule, self.folder, self.seed = stage, schedule, folder, seed
        self.state_path = folder / "state.pt"
        self.optimiser = schedule.optimiser_for(stage.modules)
        self.total = schedule.total_steps(stage.samples)
        #: The settings that a saved state must share with this training to be resumed.
        self.settings = {"stage": stage.name, "seed": seed, "samples": stage.samples, "schedule": asdict(schedule)}
        self.done, self.seconds = 0, 0.0

    def resume(self) -> None:
        """Create the folder, and load the state that it holds.

        Raises:
            InputError: the folder cannot be created, or its state is damaged or of another training.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot create the folder {self.folder}: {error.strerror}") from error
        if self.state_path.exists():
            self._load()
        if self.done:
            log.info("%s: resuming after %d of %d updates", self.stage.name, self.done, self.total)

    def update(self) -> dict[str, float]:
        """Make one update, append its metrics to the metrics file and return them.

        Raises:
            InputError: the loss is not finite; the weights are unchanged.
        """
        with postponed():  # a state saved in the middle of an update could not be resumed
            started = time.monotonic()
            for group in self.optimiser.param_groups:
                group["lr"] = self.schedule.rate(self.done, self.stage.samples)
            for module in self.stage.modules.values():
                module.train()
            rng = np.random.default_rng((self.seed, self.done))
            torch.manual_seed(int(rng.integers(2**31)))
            batch = _batch(self.stage.samples, self.schedule.batch, self.done, self.seed)
            loss, numbers = self.stage.loss(batch, self.done, rng)
            self._require_finite(loss)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.optimiser.step()
            self.done += 1
            self.seconds += time.monotonic() - started
            numbers = {"loss": float(loss.detach()), **numbers}
            self._append({"step": self.done, "seconds": round(self.seconds, 2), **numbers})
        return numbers

    def evaluate(self) -> dict[str, float]:
        """Evaluate the stage; append the metrics to the metrics file, write a sheet and return the metrics."""
        for module in self.stage.modules.values():
            module.eval()
        with torch.no_grad():
            metrics = self.stage.evaluate()
            picture = self.stage.sheet()
        self._append({"step": self.done, "evaluation": metrics})
        with open_whole(self.folder / f"sheet-{self.done:06d}.png") as file:
            Image.fromarray(picture).save(file, "PNG")
        log.info("%s after %d updates: %s", self.stage.name, self.done, metrics)
        return metrics

    def save(self) -> None:
        """Write the state: modules, optimiser, number of updates, seconds and settings.

        Raises:
            InputError: it cannot be written.
        """
        content = {
            "described": json.dumps(self.settings, sort_keys=True),
            "step": self.done,
            "seconds": self.seconds,
            "modules": {name: module.state_dict() for name, module in self.stage.modules.items()},
            "optimiser": self.optimiser.state_dict(),
        }
        stream = io.BytesIO()
        torch.save(content, stream)
        write_whole(self.state_path, stream.getvalue())

    def save_interrupted(self) -> Interrupted:
        """Save the state after Ctrl-C, and return the error that says from where the same command resumes."""
        stopped = f"{self.stage.name}: stopped after {self.done} of {self.total} updates"
        try:
            self.save()
        except InputError as error:
            return Interrupted(f"{stopped}; the same command goes on from the state before, since {error}")
        return Interrupted(f"{stopped}; the same command goes on from there")

    def _load(self) -> None:
        try:
            content = torch.load(self.state_path, map_location="cpu", weights_only=True)
            _require_resumable(self.state_path, json.loads(content["described"]), json.loads(json.dumps(self.settings)))
            for name, module in self.stage.modules.items():
                module.load_state_dict(content["modules"][name])
            self.optimiser.load_state_dict(content["optimiser"])
            self.done, self.seconds = int(content["step"]), float(content["seconds"])
        except (KeyError, ValueError, RuntimeError, EOFError, OSError, pickle.UnpicklingError) as error:
            raise InputError(
                f"{self.state_path} is damaged: remove it to train {self.stage.name} from the beginning"
            ) from error

    def _require_finite(self, loss: torch.Tensor) -> None:
        if not torch.isfinite(loss):
            raise InputError(
                f"{self.stage.name}: the loss became {loss.item()} at update {self.done}, so nothing was stored: look "
                f"for damaged data (f2p-deploy engine check), or remove {self.folder} and begin again with another "
                "--seed"
            )

    def _append(self, line: dict[str, Any]) -> None:
        """Append a line to the metrics file."""
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")


def _batch(samples: int, size: int, step: int, seed: int) -> np.ndarray:
    """Return the sorted positions of update `step`: a new permutation every epoch."""
    size = min(size, samples)
    epoch, position = divmod(step, max(1, samples // size))
    order = np.random.default_rng((seed, 7, epoch)).permutation(samples)
    return np.sort(order[position * size : (position + 1) * size])


def _require_resumable(path: Path, stored: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Raise unless a state may be resumed: its settings are the wanted ones, or differ only by fewer steps.

    Raises:
        InputError: names the first setting that differs.
    """
    steps, more = stored["schedule"].get("steps"), wanted["schedule"]["steps"]
    if steps is not None and more is not None and steps <= more:
        stored = {**stored, "schedule": {**stored["schedule"], "steps": more}}
    if stored != wanted:
        different = next(key for key in wanted if stored.get(key) != wanted[key])
        raise InputError(
            f"{path} is the state of a training with another {different}: give the same settings, or remove it"
        )
