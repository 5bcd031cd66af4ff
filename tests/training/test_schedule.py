import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.training.schedule import Schedule  # noqa: E402


def test_the_paper_s_rate_falls_by_a_tenth_every_fifty_epochs() -> None:
    schedule = Schedule()
    assert schedule.total_steps(20_000) == 500 * 1250
    assert schedule.rate(0, 20_000) == schedule.rate(50 * 1250 - 1, 20_000) == 0.01
    assert schedule.rate(50 * 1250, 20_000) == pytest.approx(0.009)


def test_cosine_falls_from_the_rate_to_nothing() -> None:
    schedule = Schedule(steps=100, decay="cosine", learning_rate=1.0)
    rates = [schedule.rate(step, 500) for step in range(100)]
    assert rates[0] == 1.0 and rates[50] == pytest.approx(0.5) and rates[99] < 0.001
    assert rates == sorted(rates, reverse=True)


def test_optimisers_are_those_asked_for() -> None:
    modules = {"line": torch.nn.Linear(2, 1)}
    sgd = Schedule().optimiser_for(modules)
    assert isinstance(sgd, torch.optim.SGD) and sgd.param_groups[0]["momentum"] == 0.9
    assert isinstance(Schedule(optimiser="adam").optimiser_for(modules), torch.optim.AdamW)


@pytest.mark.parametrize(
    "wrong", [{"optimiser": "lion"}, {"decay": "linear"}, {"batch": 0}, {"steps": 0}, {"learning_rate": 0.0}]
)
def test_wrong_settings_are_named(wrong: dict) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        Schedule(**wrong)
