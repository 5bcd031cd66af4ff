"""The shortcut's stage learns descriptions and the direction of updates, in rounds of states that it visits itself."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.training.data.shortcut_labels import describe_targets  # noqa: E402
from f2p_deploy.training.schedule import Schedule  # noqa: E402
from f2p_deploy.training.train_loop import train  # noqa: E402
from f2p_deploy.training.train_shortcut import ROUNDS, ShortcutStage  # noqa: E402

STEPS = 80


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("labels")


def _stage(bundle: Bundle, labels: Path) -> ShortcutStage:
    targets = describe_targets(bundle, np.empty((0, 128, 128, 3), np.uint8), characters=4, seed=0)
    torch.manual_seed(0)  # after the bundle has loaded its networks, which draws random weights first
    return ShortcutStage(bundle, targets, labels, STEPS, characters=128, states=32)


def test_errors_fall_and_rounds_are_labelled(fast_bundle: Bundle, labels: Path, tmp_path: Path) -> None:
    stage = _stage(fast_bundle, labels)
    stage.begin(0)
    stage.network.eval()
    before = stage.evaluate()
    stage.network.train()
    schedule = Schedule(steps=STEPS, batch=32, optimiser="adam", learning_rate=3e-3, decay="cosine")
    after = train(stage, schedule, tmp_path / "state", seed=0).metrics
    assert after["content_l1"] < before["content_l1"] and after["identity_cosine"] > before["identity_cosine"]
    assert len(stage.gradients) == len(list(labels.glob("gradients-*.npz"))) == 1 + len(ROUNDS)
    assert {"update_controllers", "update_groups_p5", "loss_apart"} <= set(after)
    assert stage.sheet().dtype == np.uint8


def test_directions_of_the_exact_gradient_have_no_error(fast_bundle: Bundle, labels: Path) -> None:
    from f2p_deploy.model.shortcut_search import ShortcutLoss

    class Exact(torch.nn.Module):
        """Describe parameters by their picture, as the shortcut predicts it."""

        def forward(self, parameters: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            picture = fast_bundle.imitator(parameters)
            return fast_bundle.similarity.identity(picture), fast_bundle.similarity.maps(picture)

    stage = _stage(fast_bundle, labels)
    stage.begin(0)
    stage.loss_of = ShortcutLoss(fast_bundle, fast_bundle.settings.iterative.beta, Exact()).eval()
    errors = stage._errors_of_states(stage._states(stage.gradients[0], np.arange(4)))
    assert all(float(error.detach()) < 2e-3 for error in errors)


def test_a_resumed_training_ends_where_an_uninterrupted_one_does(
    fast_bundle: Bundle, labels: Path, tmp_path: Path
) -> None:
    schedule = Schedule(steps=STEPS, batch=32, optimiser="adam", learning_rate=3e-3, decay="cosine")
    whole = _stage(fast_bundle, labels)
    train(whole, schedule, tmp_path / "whole", seed=0)

    class Stopped(Exception):
        pass

    def stop(done: int, total: int, numbers: object) -> None:
        if done == STEPS // 2:
            raise KeyboardInterrupt

    first = _stage(fast_bundle, labels)
    with pytest.raises(Exception, match="stopped after"):
        train(first, schedule, tmp_path / "resumed", seed=0, progress=stop)
    second = _stage(fast_bundle, labels)
    train(second, schedule, tmp_path / "resumed", seed=0)
    for own, other in zip(second.network.state_dict().values(), whole.network.state_dict().values(), strict=True):
        torch.testing.assert_close(own, other)
