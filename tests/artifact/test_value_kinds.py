from dataclasses import dataclass, replace
from typing import Any, Literal

import pytest

from f2p_deploy.artifact.value_kinds import first_of_wrong_kind


@dataclass(frozen=True)
class Inner:
    size: int
    low: float | None = None


@dataclass(frozen=True)
class Outer:
    name: str
    word: Literal["a", "b"]
    parts: tuple[Inner, ...]
    by_name: dict[str, Inner]
    anything: dict[str, Any] | None = None


SOUND = Outer("x", "a", (Inner(1), Inner(2, 3)), {"one": Inner(1, 0.5)}, {"x": [None]})


def test_what_is_of_its_kind_has_no_path() -> None:
    assert first_of_wrong_kind(SOUND) == ""


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"name": None}, "name"),
        ({"name": 3}, "name"),
        ({"word": "c"}, "word"),
        ({"parts": [Inner(1)]}, "parts"),
        ({"parts": (Inner(1), Inner("1"))}, "parts[1].size"),
        ({"parts": (Inner(True),)}, "parts[0].size"),
        ({"parts": (Inner(1, "0"),)}, "parts[0].low"),
        ({"by_name": {"one": Inner(1.5)}}, "by_name.one.size"),
        ({"by_name": None}, "by_name"),
        ({"by_name": {"one": {}}}, "by_name.one.?"),
        ({"anything": []}, "anything"),
    ],
)
def test_the_first_wrong_value_is_named(change: dict, path: str) -> None:
    assert first_of_wrong_kind(replace(SOUND, **change)) == path
