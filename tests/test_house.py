"""What holds the repository together: links, layers, and the sentences of the Makefile."""

import ast
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "f2p_deploy"

#: Modules that run artifacts or describe them: none may import PyTorch, even inside a function.
WITHOUT_TORCH = (
    "artifact",
    "character",
    "doctor.py",
    "embed",
    "model/bundle_artifact.py",
    "report",
    "runtimes",
    "system",
)

#: Files of these rooms that compute with PyTorch.
WITH_TORCH = ("runtimes/torch_runtime.py", "runtimes/coreml/mil", "system/threads.py")


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def files_of(name: str) -> list[Path]:
    path = PACKAGE / name
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


@pytest.mark.parametrize("name", ["export", "export/calibration", "runtimes"])
def test_root_links_lead_into_the_package(name: str) -> None:
    assert (ROOT / Path(name).name).resolve() == (PACKAGE / name).resolve()


@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_no_torch_where_artifacts_run(name: str) -> None:
    for path in files_of(name):
        if path.relative_to(PACKAGE).as_posix().startswith(WITH_TORCH):
            continue
        assert not {module for module in imports_of(path) if module.partition(".")[0] == "torch"}, path


def test_runtimes_do_not_import_the_export() -> None:
    for path in files_of("runtimes"):
        assert not {module for module in imports_of(path) if module.startswith("f2p_deploy.export")}, path


def test_nothing_below_the_command_line_imports_it() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] not in ("cli", "__main__.py"):
            assert not {module for module in imports_of(path) if module.startswith("f2p_deploy.cli")}, path


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
