"""Options are chosen as PyTorch does by pictures, and one call compares all of them through the shortcut."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.character.parameters import average, harden  # noqa: E402
from f2p_deploy.model import reference  # noqa: E402
from f2p_deploy.model.one_shot import one_shot  # noqa: E402
from f2p_deploy.model.result import DEFAULT_MARGIN  # noqa: E402
from f2p_deploy.runtimes import Runtime, TorchRuntime, graph_calls, option_choice  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


def test_options_are_tried_out_as_pytorch_does(small_bundle: "Bundle", faces: np.ndarray) -> None:
    parameters = np.full(small_bundle.schema.n, 0.5, np.float32)
    options = reference.reference_options(small_bundle, torch.from_numpy(faces[:1]), parameters, None)
    assert np.array_equal(option_choice.choose_options(TorchRuntime(small_bundle), faces[:1], parameters), options)


@pytest.mark.parametrize("locked", [None, "hair"])
def test_options_are_chosen_as_in_torch(
    runtime: Runtime, small_bundle: "Bundle", faces: np.ndarray, locked: str | None
) -> None:
    mask = None if locked is None else average(small_bundle.schema).lock(locked).locked_mask
    start = one_shot(small_bundle, torch.from_numpy(faces[:1]))[0]
    expected = reference.reference_options(small_bundle, torch.from_numpy(faces[:1]), start, mask)
    found = option_choice.choose_options(runtime, faces[:1], start, mask)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.array_equal(found[6:], harden(found, small_bundle.schema)[6:])


def test_fast_options_cannot_be_bettered_one_by_one(fast_bundle: "Bundle", faces: np.ndarray) -> None:
    runtime = TorchRuntime(fast_bundle)
    schema = runtime.schema
    described = graph_calls.describe(runtime, faces[:1])
    parameters = average(schema).values.copy()
    chosen = option_choice.choose_options_fast(runtime, described, parameters)
    np.testing.assert_array_equal(chosen[: schema.n_c], parameters[: schema.n_c])
    assert np.array_equal(chosen, harden(chosen, schema))
    others = np.concatenate([option_choice._with_each_option(chosen, part) for part in schema.discrete_slices.values()])
    tried = {"parameters": np.concatenate([chosen[None], others]), **described}
    losses = graph_calls.run_graph(runtime, "compare_fast", tried)
    # A default counts as better by its margin, so others may be better by less than that.
    assert losses["content_loss"].min() >= (1.0 - DEFAULT_MARGIN) * losses["content_loss"][0] - 1e-6


def test_fast_options_leave_locked_groups_alone(fast_bundle: "Bundle", faces: np.ndarray) -> None:
    runtime = TorchRuntime(fast_bundle)
    locked = np.zeros(runtime.schema.n, bool)
    for part in runtime.schema.discrete_slices.values():
        locked[part.start] = True
    parameters = harden(np.random.default_rng(0).random(runtime.schema.n, np.float32), runtime.schema)
    described = graph_calls.describe(runtime, faces[:1])
    assert np.array_equal(option_choice.choose_options_fast(runtime, described, parameters, locked), parameters)


def test_two_changes_that_are_good_only_together_are_found(
    fast_bundle: "Bundle", faces: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The losses are made up: only the last options of the first two groups together are better than the start."""
    runtime = TorchRuntime(fast_bundle)
    first, second, *_ = runtime.schema.discrete_slices.values()
    start = average(runtime.schema).values.copy()
    default = start.copy()

    def made_up(_: object, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        tried = inputs["parameters"]
        changed = (tried != default).any(axis=1)
        both = (tried[:, first.stop - 1] == 1) & (tried[:, second.stop - 1] == 1)
        others = np.delete(tried, np.r_[first, second], axis=1) != np.delete(default, np.r_[first, second])
        one = (tried[:, first.stop - 1] == 1) | (tried[:, second.stop - 1] == 1)
        losses = np.where(both & ~others.any(axis=1), 0.1, np.where(one, 1.5, np.where(changed, 2.0, 1.0)))
        return {"content_loss": losses}

    monkeypatch.setattr(option_choice, "run_graph", made_up)
    chosen = option_choice.choose_options_fast(runtime, {"identity": faces, "content": faces}, start)
    assert chosen[first.stop - 1] == chosen[second.stop - 1] == 1
