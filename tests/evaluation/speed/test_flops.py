"""The count of arithmetic and of memory traffic."""

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.evaluation.speed.flops import _Counter, count_flops  # noqa: E402
from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402


def test_a_convolution_is_counted_as_by_hand() -> None:
    convolution = torch.nn.Conv2d(3, 8, 3, padding=1)
    counter = _Counter()
    with counter, torch.no_grad():
        convolution(torch.zeros(2, 3, 10, 12))
    assert counter.total == 2 * (2 * 8 * 10 * 12) * (3 * 3 * 3)


def test_a_step_counts_forward_and_backward(small_bundle: Bundle) -> None:
    render, describe, step = (count_flops(small_bundle, name) for name in ("render", "describe", "step"))
    there = render.flops + describe.flops
    # The way back to the state needs no gradient of a weight: about as much as the way there.
    assert 1.7 * there < step.flops < 2.3 * there
    assert step.bytes > render.bytes


def test_work_grows_with_the_batch_and_weights_do_not(small_bundle: Bundle) -> None:
    one, four = count_flops(small_bundle, "one_shot"), count_flops(small_bundle, "one_shot", 4)
    assert four.flops == 4 * one.flops and one.bytes < four.bytes < 4 * one.bytes


def test_only_weights_that_are_read_are_counted(small_bundle: Bundle) -> None:
    read = (*small_bundle.recognition.parameters(), *small_bundle.translator.parameters())
    weights = sum(value.numel() * value.element_size() for value in read)
    moved = 4 * (3 * 128 * 128 + small_bundle.schema.n)
    assert count_flops(small_bundle, "one_shot").bytes <= weights + moved
    assert count_flops(small_bundle, "one_shot").bytes > 0.9 * weights


def test_mistakes(small_bundle: Bundle) -> None:
    with pytest.raises(InputError, match="no graph named 'two_shot'"):
        count_flops(small_bundle, "two_shot")
    with pytest.raises(InputError, match="at least 1"):
        count_flops(small_bundle, "render", 0)
