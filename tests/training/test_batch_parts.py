"""Batches: every sample once an epoch, and parts that do not depend on who prepares them."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.training.batch_parts import PartDataset, batch_positions, prepared_parts  # noqa: E402
from f2p_deploy.training.stage import Stage  # noqa: E402


class Noted(Stage):
    """A stage whose batches are their positions and noise of both generators."""

    name = "noted"
    samples = 23

    def prepare(self, batch, step, rng):
        return {"positions": torch.from_numpy(batch), "noise": torch.from_numpy(rng.random(3)) + torch.rand(3)}


def _all(workers: int, parts: int, own: tuple[int, ...], steps: range = range(5)) -> list[list[dict]]:
    found = prepared_parts(Noted(), 8, steps, 3, parts, own, workers, lambda part: dict(part))
    return [list(update) for update in found]


def test_an_epoch_has_every_sample_at_most_once_and_each_epoch_its_own_order() -> None:
    epochs = [np.concatenate([batch_positions(23, 8, 2 * e + i, seed=1) for i in range(2)]) for e in range(2)]
    assert all(len(set(epoch)) == 16 for epoch in epochs)
    assert not np.array_equal(*epochs)
    assert len(batch_positions(5, 8, 0, seed=1)) == 5


def test_parts_together_are_the_batch() -> None:
    whole, parts = _all(0, 1, (0,)), _all(0, 3, (0, 1, 2))
    for (one,), several in zip(whole, parts, strict=True):
        assert torch.equal(torch.cat([part["positions"] for part in several]), one["positions"])


def test_a_process_prepares_its_own_parts_as_one_process_prepares_all() -> None:
    every, second = _all(0, 2, (0, 1)), _all(0, 2, (1,))
    for (_, wanted), (found,) in zip(every, second, strict=True):
        assert all(torch.equal(found[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("steps", [range(5), range(3, 5), range(5, 5)])
def test_other_processes_prepare_the_same(steps: range) -> None:
    here, elsewhere = _all(0, 2, (0, 1), steps), _all(2, 2, (0, 1), steps)
    assert len(here) == len(elsewhere) == len(steps)
    for own, other in zip(here, elsewhere, strict=True):
        for a, b in zip(own, other, strict=True):
            assert all(torch.equal(a[name], b[name]) for name in a)


def test_what_depends_on_updates_is_prepared_after_them() -> None:
    begun: list[int] = []

    class Growing(Noted):
        prepares_ahead = False

        def begin(self, step: int) -> None:
            begun.append(step)

        def prepare(self, batch, step, rng):
            assert begun[-1] == step
            return super().prepare(batch, step, rng)

    found = prepared_parts(Growing(), 8, range(4), 3, 1, (0,), 2, lambda part: dict(part))
    assert [len(list(update)) for update in found] == [1] * 4 and begun == [0, 1, 2, 3]


def test_a_part_of_a_later_update_needs_no_earlier_one() -> None:
    dataset = PartDataset(Noted(), 8, 3, 2, (0, 1))
    again = PartDataset(Noted(), 8, 3, 2, (0, 1))
    for index in range(6):
        dataset[index]
    assert torch.equal(dataset[7]["noise"], again[7]["noise"])
