"""The files of a stage's metrics: JSON lines, sheets, and event files for TensorBoard."""

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from f2p_deploy.system.errors import InputError, MissingDependency
from f2p_deploy.system.extras import install_line
from f2p_deploy.system.files import open_whole, write_whole

if TYPE_CHECKING:
    from torch.utils.tensorboard.writer import SummaryWriter


class MetricsFiles:
    """The metrics of one stage in its folder.

    Args:
        folder: of `metrics.jsonl` and `sheet-<step>.png`.
        tensorboard: also write event files to `folder/tensorboard`.

    Raises:
        MissingDependency: `tensorboard` is not installed.
    """

    def __init__(self, folder: Path, tensorboard: bool = False) -> None:
        self.folder, self.tensorboard = folder, tensorboard
        self._done = 0
        if tensorboard:
            try:
                import torch.utils.tensorboard  # noqa: F401
            except ImportError as error:
                raise MissingDependency(f"--tensorboard needs tensorboard: {install_line('train')}") from error

    @cached_property
    def _events(self) -> "SummaryWriter":
        from torch.utils.tensorboard.writer import SummaryWriter

        return SummaryWriter(str(self.folder / "tensorboard"), purge_step=self._done + 1 if self._done else None)

    def cut_back(self, done: int, total: int) -> None:
        """Remove the lines after an update, which a killed training wrote and a resumed one writes again.

        TensorBoard is told to leave out what earlier event files hold of those updates.

        Args:
            done: updates whose lines stay.
            total: updates in all; their last evaluation is made again and goes, too.

        Raises:
            InputError: the file cannot be read or replaced.
        """
        self._done, path = done, self.folder / "metrics.jsonl"
        if not path.exists():
            return
        try:
            lines = path.read_bytes().splitlines(keepends=True)
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}") from error
        kept = [line for line in lines if line.endswith(b"\n") and _is_before(line, done, total)]
        if len(kept) < len(lines):
            write_whole(path, b"".join(kept))

    def append(self, step: int, seconds: float, numbers: Mapping[str, float]) -> None:
        """Append the numbers of an update.

        Args:
            step: updates done.
            seconds: spent in updates so far.
            numbers: by name.
        """
        self._write({"step": step, "seconds": round(seconds, 2), **numbers})
        if self.tensorboard:
            for name, value in numbers.items():
                self._events.add_scalar(f"training/{name}", value, step)

    def append_evaluation(self, step: int, metrics: Mapping[str, float], sheet: np.ndarray) -> None:
        """Append the metrics of an evaluation, and write its sheet, (H, W, 3) uint8."""
        self._write({"step": step, "evaluation": dict(metrics)})
        with open_whole(self.folder / f"sheet-{step:06d}.png") as file:
            Image.fromarray(sheet).save(file, "PNG")
        if self.tensorboard:
            for name, value in metrics.items():
                self._events.add_scalar(f"evaluation/{name}", value, step)
            self._events.add_image("sheet", sheet, step, dataformats="HWC")
            self._events.flush()

    def _write(self, line: Mapping[str, Any]) -> None:
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")


def _is_before(line: bytes, done: int, total: int) -> bool:
    """Return whether a line is whole and of an update, or of an evaluation, that stays."""
    try:
        found = json.loads(line)
        return bool(found["step"] <= done and (found["step"] < total or "evaluation" not in found))
    except (ValueError, TypeError, KeyError, RecursionError):
        return False
