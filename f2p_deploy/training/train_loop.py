"""The training loop of every stage: seeded, resumable after a kill, with metrics and picture sheets on disk.

A stage's folder holds `state.pt` (tensors and numbers only), `metrics.jsonl`, `sheet-<step>.png` and, with
`--tensorboard`, event files.
"""

import io
import json
import logging
import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from f2p_deploy.system.errors import InputError, Interrupted
from f2p_deploy.system.files import write_whole
from f2p_deploy.system.interruption import postponed
from f2p_deploy.training.batch_parts import prepared_parts
from f2p_deploy.training.metrics_files import MetricsFiles
from f2p_deploy.training.schedule import Schedule
from f2p_deploy.training.stage import Prepared, Stage
from f2p_deploy.training.training_hardware import Processes

log = logging.getLogger(__name__)

#: Called after every update with (updates done, updates in total, metrics of this update).
OnUpdate = Callable[[int, int, Mapping[str, float]], None]


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
    processes: Processes | None = None,
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
        processes: that train together; this one alone, on its CPU, if not given.

    Raises:
        InputError: the folder cannot be written, or holds a damaged state or one of another schedule or seed.
        Interrupted: the user stopped it; the state is saved.
    """
    training = _Training(stage, schedule, folder, seed, processes or Processes())
    training.resume()
    saved_at = time.monotonic()
    try:
        for parts in training.updates():
            numbers = training.update(parts)
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
        processes: that train together.

    Raises:
        InputError: a batch has fewer samples than parts.
    """

    def __init__(self, stage: Stage, schedule: Schedule, folder: Path, seed: int, processes: Processes) -> None:
        self.stage, self.schedule, self.folder, self.seed = stage, schedule, folder, seed
        self.processes, self.fabric = processes, processes.fabric
        self.state_path = folder / "state.pt"
        hardware = processes.hardware
        size = min(schedule.batch, stage.samples)
        if size < hardware.parts:
            raise InputError(
                f"{stage.name}: a batch of {size} samples cannot be divided into {hardware.parts} parts: give fewer "
                "--devices, --nodes or --accumulate, or a larger --batch"
            )
        if size // hardware.parts < 2 and any(map(_needs_two, stage.modules.values())):
            raise InputError(
                f"{stage.name}: batch norms need two samples, but a batch of {size} samples in {hardware.parts} parts "
                "leaves one: give fewer --devices, --nodes or --accumulate, or a larger --batch"
            )
        if hardware.compiled:
            for module in stage.modules.values():
                module.compile()
        self.raw_optimiser = schedule.optimiser_for(stage.modules)
        self.module, self.optimiser = self.fabric.setup(_Computed(stage), self.raw_optimiser)
        self.total = schedule.total_steps(stage.samples)
        #: The settings that a saved state must share with this training to be resumed.
        self.settings = {"stage": stage.name, "seed": seed, "samples": stage.samples, "schedule": asdict(schedule)}
        if hardware.parts > 1:  # batch norms and augmentation depend on the parts
            self.settings["parts"] = hardware.parts
        self.done, self.seconds = 0, 0.0
        self.metrics = MetricsFiles(folder, hardware.tensorboard and processes.first)

    def resume(self) -> None:
        """Create the folder, load the state that it holds, and cut the metrics back to it.

        Raises:
            InputError: the folder cannot be created, or its state is damaged or of another training.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot create the folder {self.folder}: {error.strerror}") from error
        if self.state_path.exists():
            self._load()
        if self.processes.first:
            self.metrics.cut_back(self.done, self.total)
        if self.done:
            log.info("%s: resuming after %d of %d updates", self.stage.name, self.done, self.total)

    def updates(self) -> Iterator[Iterator[Prepared]]:
        """Yield, for every update that is left, this process's parts of its batch, on the device."""
        hardware = self.processes.hardware
        yield from prepared_parts(
            self.stage,
            self.schedule.batch,
            range(self.done, self.total),
            self.seed,
            hardware.parts,
            self.processes.own_parts,
            hardware.loaders,
            self.fabric.to_device,
        )

    def update(self, parts: Iterator[Prepared]) -> dict[str, float]:
        """Make one update, append its metrics to the metrics file and return them.

        Raises:
            InputError: the loss is not finite; the weights are unchanged.
        """
        with postponed():  # a state saved in the middle of an update could not be resumed
            started = time.monotonic()
            for group in self.raw_optimiser.param_groups:
                group["lr"] = self.schedule.rate(self.done, self.stage.samples)
            for module in self.stage.modules.values():
                module.train()
            self.optimiser.zero_grad(set_to_none=True)
            own = len(self.processes.own_parts)
            losses, found = [], []
            for position, prepared in enumerate(parts, start=1):
                with self.fabric.no_backward_sync(self.module, enabled=position < own):
                    loss, numbers = self.module(prepared, self.done)
                    losses.append(loss.detach())
                    found.append(numbers)
                    self.fabric.backward(loss / own)
            loss = cast("torch.Tensor", self.fabric.all_reduce(torch.stack(losses).mean(), reduce_op="mean"))
            self._require_finite(loss)
            self.optimiser.step()
            self.done += 1
            self.seconds += time.monotonic() - started
            names = dict.fromkeys(name for part in found for name in part)  # a small part may lack photos, say
            means = {name: float(np.mean([float(part[name]) for part in found if name in part])) for name in names}
            means = {"loss": float(loss), **means}
            if self.processes.first:
                self.metrics.append(self.done, self.seconds, means)
        return means

    def evaluate(self) -> dict[str, float]:
        """Evaluate the stage; append the metrics to the metrics file, write a sheet and return the metrics."""
        for module in self.stage.modules.values():
            module.eval()
        metrics: dict[str, float] = {}
        if self.processes.first:
            with torch.no_grad():
                metrics = self.stage.evaluate()
                picture = self.stage.sheet()
            self.metrics.append_evaluation(self.done, metrics, picture)
            log.info("%s after %d updates: %s", self.stage.name, self.done, metrics)
        return dict(self.fabric.broadcast(metrics))

    def save(self) -> None:
        """Write the state: modules, optimiser, number of updates, seconds and settings.

        Raises:
            InputError: it cannot be written.
        """
        if not self.processes.first:
            return
        content = {
            "described": json.dumps(self.settings, sort_keys=True),
            "step": self.done,
            "seconds": self.seconds,
            "modules": {name: module.state_dict() for name, module in self.stage.modules.items()},
            "optimiser": self.raw_optimiser.state_dict(),
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
            self.raw_optimiser.load_state_dict(content["optimiser"])
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


class _Computed(torch.nn.Module):
    """A stage's loss as one module, so that gradients are shared among processes after the whole loss.

    Args:
        stage: its networks become submodules and move to the device with it.
    """

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.trained = torch.nn.ModuleList(stage.modules.values())
        self.passed = torch.nn.ModuleList(stage.frozen.values())
        self.stage = stage

    def forward(self, prepared: Prepared, step: int) -> tuple[torch.Tensor, Mapping[str, Any]]:
        return self.stage.loss(prepared, step)


def _needs_two(network: torch.nn.Module) -> bool:
    """Return whether a network normalises numbers over the batch alone."""
    return any(isinstance(module, torch.nn.BatchNorm1d) for module in network.modules())


def _require_resumable(path: Path, stored: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Raise unless a state may be resumed: its settings are the wanted ones, or differ only by fewer steps.

    Raises:
        InputError: names the first setting that differs.
    """
    steps, more = stored["schedule"].get("steps"), wanted["schedule"]["steps"]
    if steps is not None and more is not None and steps <= more:
        stored = {**stored, "schedule": {**stored["schedule"], "steps": more}}
    if stored != wanted:
        one, other = ({**settings, **settings["schedule"]} for settings in (stored, wanted))
        names = (name for name in {**other, **one} if name != "schedule" and one.get(name) != other.get(name))
        different = ", ".join(f"{name} {_shown(one, name)}, not {_shown(other, name)}" for name in names)
        raise InputError(f"{path} is the state of a training with {different}: give the same settings, or remove it")


def _shown(settings: dict[str, Any], name: str) -> str:
    """Return a setting for a message; a training that does not note its parts has one."""
    value = settings.get(name, 1 if name == "parts" else None)
    return "none" if value is None else str(value)
