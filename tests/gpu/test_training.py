"""Training on a card: the losses of the CPU, the same after a stop, and mixed precision near them."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.system.errors import Interrupted  # noqa: E402
from f2p_deploy.training.schedule import Schedule  # noqa: E402
from f2p_deploy.training.stage import Stage  # noqa: E402
from f2p_deploy.training.train_imitator import ImitatorStage  # noqa: E402
from f2p_deploy.training.train_loop import train  # noqa: E402
from f2p_deploy.training.training_hardware import Hardware, Processes  # noqa: E402

SCHEDULE = Schedule(steps=6, batch=4, learning_rate=0.01)

pytestmark = pytest.mark.usefixtures("full_float32")


class RandomPairs:
    """Sixteen random pairs in memory."""

    has_labels = False

    def __init__(self, bundle: Bundle) -> None:
        size = bundle.settings.architecture.image_size
        self.x = torch.rand(16, bundle.schema.n, generator=torch.Generator().manual_seed(1))
        self.y = torch.rand(16, 3, size, size, generator=torch.Generator().manual_seed(2))

    def __len__(self) -> int:
        return 16

    def parameters(self, positions: np.ndarray) -> torch.Tensor:
        return self.x[positions]

    def images(self, positions: np.ndarray) -> torch.Tensor:
        return self.y[positions]


def _stage(bundle: Bundle, stop_at: int = -1) -> Stage:
    torch.manual_seed(0)
    stage = ImitatorStage(bundle, RandomPairs(bundle), held_out=4)  # type: ignore[arg-type]
    prepare = stage.prepare

    def stopping(batch: np.ndarray, step: int, rng: np.random.Generator) -> dict:
        if step == stop_at:
            raise KeyboardInterrupt
        return prepare(batch, step, rng)

    stage.prepare = stopping  # type: ignore[method-assign]
    return stage


def _losses(stage: Stage, folder: Path, hardware: Hardware) -> list[float]:
    found: list[float] = []
    train(stage, SCHEDULE, folder, 0, lambda done, total, numbers: found.append(numbers["loss"]), 1000, 60.0,
          Processes(hardware))  # fmt: skip
    return found


def test_a_card_computes_the_losses_of_a_cpu(small_bundle: Bundle, tmp_path: Path) -> None:
    own = _losses(_stage(small_bundle), tmp_path / "cpu", Hardware("cpu"))
    card = _losses(_stage(small_bundle), tmp_path / "cuda", Hardware("cuda", workers=2))
    assert card == pytest.approx(own, rel=0.02)  # the imitator's convolutions are in bfloat16 on either


def test_a_stopped_training_goes_on_as_if_it_had_never_stopped(small_bundle: Bundle, tmp_path: Path) -> None:
    whole = _losses(_stage(small_bundle), tmp_path / "whole", Hardware("cuda", workers=0))
    with pytest.raises(Interrupted):
        _losses(_stage(small_bundle, stop_at=3), tmp_path / "parts", Hardware("cuda", workers=0))
    rest = _losses(_stage(small_bundle), tmp_path / "parts", Hardware("cuda", workers=0))
    assert rest == pytest.approx(whole[3:], rel=1e-3)


@pytest.mark.parametrize("precision", ["bf16", "16"])
def test_mixed_precision_is_near(small_bundle: Bundle, tmp_path: Path, precision: str) -> None:
    own = _losses(_stage(small_bundle), tmp_path / "full", Hardware("cuda"))
    mixed = _losses(_stage(small_bundle), tmp_path / "mixed", Hardware("cuda", precision))
    assert mixed == pytest.approx(own, rel=0.1)
