"""A setting that needs a part which is not there, or that does nothing, is told."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("torch")

from f2p_deploy.model.setting_effects import THROUGH_PRIORS, warnings_about  # noqa: E402
from f2p_deploy.model.setting_paths import change_settings, setting_values  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


def told(bundle: "Bundle", *assignments: str) -> list[str]:
    settings, changes = change_settings(bundle.settings, assignments)
    return warnings_about(replace(bundle, settings=settings), changes)


@pytest.mark.parametrize(
    ("assignment", "part"),
    [
        ("search=surrogate", "surrogate"),
        ("fast=true", "shortcut"),
        *((f"{path}=true", "priors") for path in THROUGH_PRIORS),
    ],
)
def test_a_part_that_is_not_there(small_bundle: "Bundle", assignment: str, part: str) -> None:
    path, _, value = assignment.partition("=")
    other = "imitator" if path == "search" else "false"
    bundle = replace(small_bundle, settings=change_settings(small_bundle.settings, [f"{path}={other}"])[0])
    sentence = told(bundle, f"{path}={value}")[0]
    assert sentence.startswith(f"{assignment}: the bundle ")
    assert f"has no {part} yet: f2p-deploy train {part} --bundle" in sentence


def test_a_setting_without_effect_and_one_that_moves_faces(surrogate_bundle: "Bundle") -> None:
    (sentence,) = told(surrogate_bundle, "fast=true")
    assert sentence == "fast=true does nothing: a search through the surrogate needs no shortcut"
    assert "aligned by the old landmarks" in told(surrogate_bundle, "alignment.landmarks.left-eye=0.3,0.4")[0]


def test_nothing_is_told_of_what_is_there(fast_bundle: "Bundle", surrogate_bundle: "Bundle") -> None:
    assert set(THROUGH_PRIORS) <= set(setting_values(fast_bundle.settings))
    slow = replace(fast_bundle, settings=replace(fast_bundle.settings, fast=False))
    assert told(slow, "fast=true", "hybrid.iterations=7") == []
    assert told(surrogate_bundle, "search=imitator") == []
    assert told(replace(fast_bundle, stored={}), "search=surrogate") == []
