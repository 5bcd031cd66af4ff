"""A case of a benchmark: its reference, its first step, and what passes as parity."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.evaluation.speed.bench_case import moved, search  # noqa: E402
from f2p_deploy.model.state import first_state  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


def test_the_reference_has_nothing_to_be_blamed_for(case_of: Callable) -> None:
    case = case_of("render", batch=2)
    assert case.batch == 2 and case.graph.name == "render"
    verdict = case.judge(case.reference, "fp32")
    assert verdict["passed"] and verdict["share"] < 1e-6 and verdict["graph"] == "render"
    assert case.inputs["parameters"].shape == (2, case.bundle.schema.n), "what one-shot made of the faces"


def test_each_precision_has_its_floors(case_of: Callable) -> None:
    case = case_of("one-shot")
    answer = {"parameters": case.reference["parameters"].copy()}
    answer["parameters"][0, 0] += 1e-3  # ten times what float32 may differ by, a fifth of what float16 may
    precisions = ("fp32", "fp16", "tf32", "bf16", "unheard-of")
    verdicts = {precision: case.judge(answer, precision) for precision in precisions}
    assert [name for name, record in verdicts.items() if record["passed"]] == ["fp16", "tf32", "bf16"]
    assert verdicts["fp32"]["share"] == pytest.approx(10.0, rel=0.01) and verdicts["fp32"]["floor"] == 1e-4
    assert verdicts["tf32"]["share"] == pytest.approx(0.2, rel=0.01)
    assert verdicts["unheard-of"] == verdicts["fp32"]
    answer["parameters"][0, 0] = np.nan
    assert case.judge(answer, "fp16")["share"] == 1e6, "not infinite: JSON has no infinity"


def test_a_search_is_judged_by_its_steps_too(case_of: Callable, surrogate_bundle: "Bundle") -> None:
    case = case_of("iterative", surrogate_bundle)
    exact, beside = case.reference
    iterations = surrogate_bundle.settings.iterative.iterations
    assert exact.losses.shape == (1, iterations + 1)
    assert 0 < np.abs(exact.parameters - beside.parameters).max() < 1e-2, "the starts are one rounding apart"

    def step(given: Mapping[str, np.ndarray], reach: float = 1.0) -> dict[str, np.ndarray]:
        outputs = case.graphs["step"].compute(given)
        return outputs | {"next_state": given["state"] + reach * (outputs["next_state"] - given["state"])}

    answer = search(case.here, case.faces)
    assert case.judge(answer, "fp32")["passed"] and case.judge(answer, "fp32", step)["passed"]
    wrong = case.judge(answer, "fp32", lambda given: step(given, -1.0))
    assert not wrong["passed"] and wrong["graph"] == "step" and wrong["share"] > 1


def test_the_first_step_starts_where_a_search_does(case_of: Callable, surrogate_bundle: "Bundle") -> None:
    case = case_of("iterative", surrogate_bundle, batch=2)
    given = case.first_step
    assert {name: value.shape for name, value in given.items()} == {
        spec.name: spec.shape for spec in case.graphs["step"].inputs
    }
    start = first_state(surrogate_bundle, 2).numpy()
    assert np.array_equal(given["state"], start) and np.array_equal(given["before"], start)
    loss = case.graphs["step"].compute(given)["loss"]
    np.testing.assert_allclose(loss, case.reference[0].losses[:, 0], rtol=1e-4)


def test_every_network_is_moved_and_the_bundle_stays(surrogate_bundle: "Bundle") -> None:
    assert moved(surrogate_bundle, "cpu") is surrogate_bundle
    copy = moved(surrogate_bundle, "meta")  # the one other device that every machine has
    assert {"surrogate", "reader"} < set(copy.networks)
    for name in copy.networks:
        assert {weight.device.type for weight in getattr(copy, name).parameters()} == {"meta"}, name
        assert {weight.device.type for weight in getattr(surrogate_bundle, name).parameters()} == {"cpu"}, name
