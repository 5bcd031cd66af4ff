"""The extras: the same in pyproject.toml and in the code, and an error that says how to install one."""

import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from f2p_deploy.dependencies import EXTRAS, missing_modules, require
from f2p_deploy.errors import MissingDependency

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_extras_are_those_of_pyproject() -> None:
    declared = PYPROJECT["project"]["optional-dependencies"]
    assert set(EXTRAS) == set(declared)
    for extra, modules in EXTRAS.items():
        assert len(modules) == len(declared[extra]), extra


def test_installed_modules_come_from_the_packages_of_their_extra() -> None:
    owners = packages_distributions()
    declared = PYPROJECT["project"]["optional-dependencies"]
    for extra, modules in EXTRAS.items():
        names = {Requirement(line).name for line in declared[extra]}
        for module in set(modules) & set(owners):
            found = [canonicalize_name(owner) for owner in owners[module]]
            # tensorrt-rtx itself is empty; tensorrt-rtx-cu13 brings the module.
            assert any(owner == name or owner.startswith(f"{name}-cu") for owner in found for name in names), module


def test_constraints_satisfy_every_requirement() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    pinned = {Requirement(line).name: next(iter(Requirement(line).specifier)).version for line in lines}
    project = PYPROJECT["project"]
    for line in [
        *project["dependencies"],
        *(line for lines in project["optional-dependencies"].values() for line in lines),
    ]:
        requirement = Requirement(line)
        if requirement.name in pinned:
            assert requirement.specifier.contains(pinned[requirement.name]), line
    # The packages of the base install and of what runs everywhere are all pinned.
    everywhere = project["dependencies"] + [
        line for extra in ("export", "faces", "engine", "dev") for line in project["optional-dependencies"][extra]
    ]
    assert {Requirement(line).name for line in everywhere} <= set(pinned)


def test_a_missing_extra_is_an_error_with_the_line_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "engine", ("numpy", "no_such_renderer"))
    assert missing_modules("engine") == ("no_such_renderer",)
    with pytest.raises(MissingDependency, match=r"drawing needs no_such_renderer.*pip install 'f2p-deploy\[engine\]'"):
        require("engine", "drawing")


def test_a_present_extra_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "engine", ("numpy",))
    require("engine", "drawing")
