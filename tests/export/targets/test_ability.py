"""The ability of a machine: each target with the reasons why it cannot be built or run here."""

import json
from dataclasses import replace

import pytest

from f2p_deploy.export.targets import TARGETS
from f2p_deploy.export.targets.ability import TargetAbility, judge_targets
from f2p_deploy.runtimes import RUNTIMES


def ability_of(name: str) -> TargetAbility:
    return next(ability for ability in judge_targets() if ability.target.name == name)


def test_every_target_is_judged_in_the_order_of_the_table() -> None:
    abilities = judge_targets()
    assert [ability.target.name for ability in abilities] == list(TARGETS)
    assert ability_of("onnx").builds and ability_of("onnx").runs
    for ability in abilities:
        assert ability.builds == (ability.why_not_built == "") and ability.runs == (ability.why_not_run == "")


def test_reasons_are_those_of_the_compiler_the_hardware_and_the_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    target = replace(
        TARGETS["onnx"], compiler_missing=lambda: "no compiler here", hardware_missing=lambda: "no card here"
    )
    monkeypatch.setitem(TARGETS, "onnx", target)
    ability = ability_of("onnx")
    assert (ability.why_not_built, ability.why_not_run) == ("no compiler here", "no card here")
    assert not ability.builds and not ability.runs
    for kind in RUNTIMES.values():
        monkeypatch.setattr(kind, "why_not_here", classmethod(lambda cls: "no runtime here"))
    ability = ability_of("onnx")
    assert ability.why_not_run == "no runtime here"


def test_a_format_without_a_runtime_cannot_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TARGETS, "onnx", replace(TARGETS["onnx"], file="*.plan"))
    assert ability_of("onnx").why_not_run == "no runtime of this f2p-deploy runs *.plan yet"


def test_the_json_names_the_target_and_both_reasons() -> None:
    data = json.loads(json.dumps(ability_of("onnx").to_dict()))
    assert (data["name"], data["builds"], data["why_not_run"]) == ("onnx", True, "")
    assert {"summary", "file", "precision", "build_needs", "run_needs", "verified", "options"} <= data.keys()
