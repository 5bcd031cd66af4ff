"""Checks of the whole repository: links, layers, and the sentences of the Makefile."""

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "f2p_deploy"

@pytest.mark.parametrize("name", ["export", "export/calibration", "runtimes"])
def test_root_links_lead_into_the_package(name: str) -> None:
    assert (ROOT / Path(name).name).resolve() == (PACKAGE / name).resolve()


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """Check the layers of a checkout as `make check` does."""
    code = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    environment = {**os.environ, "PYTHONPATH": str(root)}
    line = [sys.executable, "-c", code, "--no-logo", "--no-cache"]
    return subprocess.run(line, cwd=root, env=environment, capture_output=True, text=True, timeout=240, check=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the package's modules and of the contracts."""
    pytest.importorskip("importlinter")
    for path in PACKAGE.rglob("*.py"):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_imports_point_downwards_and_an_upward_one_is_found(checkout: Path) -> None:
    kept = lint(checkout)
    assert kept.returncode == 0 and "0 broken" in kept.stdout, kept.stdout + kept.stderr
    names = checkout / "f2p_deploy" / "system" / "names.py"
    upward = "def up() -> None:\n    from f2p_deploy.model import bundle  # noqa: F401\n"
    names.write_text(f"{names.read_text()}\n\n{upward}")
    broken = lint(checkout)
    assert broken.returncode != 0 and "f2p_deploy.system.names -> f2p_deploy.model.bundle" in broken.stdout
    threads = checkout / "f2p_deploy" / "artifact" / "golden.py"
    threads.write_text(threads.read_text() + "\nimport torch  # noqa\n")
    assert "Artifacts run without PyTorch BROKEN" in lint(checkout).stdout


@pytest.fixture(scope="module")
def house() -> Any:
    """`tools/house.py`."""
    spec = importlib.util.spec_from_file_location("house", ROOT / "tools" / "house.py")
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def test_no_files_import_one_another(house: Any) -> None:
    modules = house.modules_of(ROOT)
    assert house.circles({name: house.imports_of(path, modules) - {name} for name, path in modules.items()}) == []


def test_contributing_lists_the_rooms() -> None:
    spec = importlib.util.spec_from_file_location("rooms", ROOT / "tools" / "rooms.py")
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert module.with_rooms(page) == page, "run: python tools/rooms.py"


#: Files without a separate test: names and entry points of packages.
WITHOUT_TESTS = ("__init__.py", "__main__.py")


def test_every_module_has_a_test_file() -> None:
    lacking = {
        path.relative_to(PACKAGE).as_posix()
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name not in WITHOUT_TESTS
        and not (ROOT / "tests" / path.relative_to(PACKAGE).parent / f"test_{path.name}").is_file()
    }
    assert lacking == set(), "tests mirror the tree, file by file"


def test_names_are_unique() -> None:
    """An editor's file finder, a traceback and a search for a name lead to one place; commands may repeat names."""
    places: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        where = str(path.relative_to(PACKAGE))
        if where.startswith("cli/") or path.stem.startswith("__"):
            continue
        places.setdefault(f"module {path.stem}", set()).add(where)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, set()).add(where)
    assert not {name: where for name, where in places.items() if len(where) > 1}


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    ("python", "sentence"),
    [("no-such-python", "no-such-python is not here: install Python 3.11 or newer"), ("old", "is Python 3.9.1")],
)
def test_make_says_in_one_sentence_which_python_it_needs(tmp_path: Path, python: str, sentence: str) -> None:
    old = tmp_path / "old"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo Python 3.9.1 && exit 0\nexit 1\n')
    old.chmod(0o755)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    chosen = old if python == "old" else python
    done = subprocess.run(
        ["make", "demo", f"PYTHON={chosen}"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert sentence in done.stderr and not (tmp_path / ".venv").exists()


#: Our own errors: their sentences may be told again.
OURS = {"F2PError", "InputError", "PhotoError", "CompilerError", "MissingDependency", "FloorMissed"}


def foreign_words(path: Path) -> list[int]:
    """Lines of errors of ours that tell what somebody else's error says, the system's `strerror` apart."""
    found = []
    for handler in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(handler, ast.ExceptHandler) or handler.name is None or handler.type is None:
            continue
        caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        names = {node.id for node in caught if isinstance(node, ast.Name)}
        if names and names <= OURS:
            continue
        raised = [part for node in ast.walk(handler) if isinstance(node, ast.Raise) for part in ast.walk(node)]
        for part in raised:
            words = part.value if isinstance(part, ast.FormattedValue) else None
            if isinstance(words, ast.BoolOp) and names == {"OSError"}:  # error.strerror or error
                continue
            told = words.values if isinstance(words, ast.BoolOp) else [words]
            calls = [call for node in told if node for call in ast.walk(node) if isinstance(call, ast.Call)]
            strings = [arg for call in calls if getattr(call.func, "id", "") == "str" for arg in call.args]
            if any(isinstance(node, ast.Name) and node.id == handler.name for node in [*told, *strings]):
                found.append(part.lineno)
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_error_of_ours_says_what_a_library_said(path: Path) -> None:
    """PyTorch's advice, a compiler's log and a parser's sentence belong into the log, where `--verbose` shows them."""
    assert not foreign_words(path)


def test_foreign_words_are_found(tmp_path: Path) -> None:
    code = "try:\n    f()\nexcept {} as e:\n    raise InputError(f'no: {}') from e\n"
    for caught, words, found in (
        ("ValueError", "{e}", True),
        ("(OSError, ValueError)", "{str(e)[:9]}", True),
        ("(OSError, ValueError)", "{e.strerror or e}", True),
        ("state.Fail", '{" ".join(str(e).split())}', True),
        ("OSError", "{e.strerror or e}", False),
        ("InputError", "{e}", False),
        ("ValueError", "{type(e).__name__}", False),
    ):
        (tmp_path / "a.py").write_text(code.format(caught, words))
        assert bool(foreign_words(tmp_path / "a.py")) is found, words
