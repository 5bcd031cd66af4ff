"""The extras: the same in pyproject.toml and in the code, and an error message with the line that installs one."""

import os
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from f2p_deploy.system import extras
from f2p_deploy.system.errors import MissingDependency
from f2p_deploy.system.extras import (
    EXTRAS,
    PACKAGES,
    command_name,
    from_direct_url,
    install_line,
    missing_modules,
    require,
)

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_extras_are_those_of_pyproject() -> None:
    declared = PYPROJECT["project"]["optional-dependencies"]
    assert set(EXTRAS) == set(declared)
    for extra, modules in EXTRAS.items():
        assert len(modules) == len(declared[extra]), extra


def test_packages_are_called_as_their_extra_calls_them() -> None:
    asked = PYPROJECT["project"]["optional-dependencies"]
    for module, package in PACKAGES.items():
        for extra in (extra for extra, modules in EXTRAS.items() if module in modules):
            names = {canonicalize_name(Requirement(line).name) for line in asked[extra]}
            assert package in names, f"{module} of {extra} comes from one of {names}"


def test_the_command_is_named_as_it_can_be_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = tmp_path / "bin" / "f2p-deploy"
    own.parent.mkdir()
    own.touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(own.with_name("python")))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    assert command_name() == "bin/f2p-deploy"
    monkeypatch.setenv("PATH", str(own.parent))
    assert command_name() == "f2p-deploy"


def test_installed_modules_come_from_the_packages_of_their_extra() -> None:
    owners = packages_distributions()
    declared = PYPROJECT["project"]["optional-dependencies"]
    for extra, modules in EXTRAS.items():
        names = {canonicalize_name(Requirement(line).name) for line in declared[extra]}
        for module in set(modules) & set(owners):
            found = [canonicalize_name(owner) for owner in owners[module]]
            # tensorrt-rtx is an empty package; tensorrt-rtx-cu13 contains the module.
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
    # All packages of the base install, and of the extras that run on every system, are pinned.
    everywhere = project["dependencies"] + [
        line for extra in ("export", "faces", "engine", "dev") for line in project["optional-dependencies"][extra]
    ]
    assert {Requirement(line).name for line in everywhere} <= set(pinned)


def test_a_missing_extra_is_an_error_with_the_line_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "engine", ("numpy", "no_such_renderer"))
    assert missing_modules("engine") == ("no_such_renderer",)
    sentence = f"drawing needs no_such_renderer, not installed here: {install_line('engine')}"
    with pytest.raises(MissingDependency, match=re.escape(sentence)):
        require("engine", "drawing")


def test_a_present_extra_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "engine", ("numpy",))
    require("engine", "drawing")


WHEEL = "f2p_deploy-0.1.0-py3-none-any.whl"


def test_a_clone_is_installed_as_one_with_its_constraints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert extras.source_tree() == ROOT
    assert install_line("export").endswith("install -e '.[export]' -c constraints.txt")
    assert install_line("export", "faces").endswith("install -e '.[export,faces]' -c constraints.txt")
    assert install_line("faces", options="--upgrade").endswith("install -e '.[faces]' -c constraints.txt --upgrade")
    assert install_line().endswith("install -e . -c constraints.txt")


def test_from_elsewhere_the_clone_s_whole_path_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert install_line("export").endswith(f"install -e '{ROOT}[export]' -c {ROOT / 'constraints.txt'}")


def test_the_pip_named_is_that_of_this_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bin_ = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{bin_}{os.pathsep}{os.environ['PATH']}")
    assert install_line("faces").startswith("pip install ") is (bin_ / "pip").exists()
    (tmp_path / "pip").write_text("")
    (tmp_path / "pip").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert " -m pip install " in install_line("faces")


def test_an_installed_file_is_named_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every form of PEP 610 gives the right line."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "with space"
    folder.mkdir()
    (folder / WHEEL).write_bytes(b"")
    archive = {"archive_info": {"hash": "sha256=00"}, "url": (folder / WHEEL).as_uri()}
    assert from_direct_url(archive, ("export",)) == (f"'with space/{WHEEL}[export]'", "")
    (folder / WHEEL).unlink()
    gone, note = from_direct_url(archive, ("export",))
    assert gone == f"'./{WHEEL}[export]'" and str(folder) in note
    copied = {"dir_info": {}, "url": folder.as_uri()}
    assert from_direct_url(copied, ("faces",)) == ("'./with space[faces]'", "")
    (folder / "constraints.txt").write_text("torch==2.13.0\n")
    assert from_direct_url(copied, ("faces",))[0] == "'./with space[faces]' -c 'with space/constraints.txt'"
    editable = {"dir_info": {"editable": True}, "url": folder.as_uri()}
    assert from_direct_url(editable, ("faces",))[0] == "-e 'with space[faces]' -c 'with space/constraints.txt'"
    address = {"archive_info": {}, "url": f"https://studio.example/{WHEEL}"}
    assert from_direct_url(address, ("rtx",))[0] == f"'f2p-deploy[rtx] @ https://studio.example/{WHEEL}'"
    checked_out = {
        "vcs_info": {"vcs": "git", "requested_revision": "v1", "commit_id": "abc"},
        "url": "https://studio.example/f2p.git",
        "subdirectory": "tools",
    }
    line = "'f2p-deploy[rtx] @ git+https://studio.example/f2p.git@v1#subdirectory=tools'"
    assert from_direct_url(checked_out, ("rtx",)) == (line, "")
    assert from_direct_url(None, ("rtx",))[0] == "'f2p-deploy[rtx]'"
    assert "index" in from_direct_url(None, ("rtx",))[1]


def test_nothing_tells_to_install_from_a_registry() -> None:
    """The package is on no index, so its name alone cannot be installed."""
    documents = [path for folder in (ROOT / "f2p_deploy", ROOT / "docs", ROOT / "bench") for path in folder.rglob("*")]
    for path in [*documents, *ROOT.glob("*.md"), *ROOT.glob("*.txt")]:
        if path.suffix in (".py", ".md", ".txt", ".in", ".swift"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"pip install (--\S+ )*['\"]?f2p-deploy", text), path
