"""The application: its version, its help, and the exit codes that the help names."""

import re
import subprocess
import sys
from collections.abc import Callable

from f2p_deploy import __version__
from f2p_deploy.system import errors


def test_version(f2p: Callable) -> None:
    ran = f2p("--version")
    assert (ran.code, ran.out) == (0, f"f2p-deploy {__version__}\n")
    assert f2p("--version", "nosuch").out == ran.out, "whatever else was typed"


def test_without_words_the_help_is_shown(f2p: Callable) -> None:
    ran = f2p()
    assert ran.code == 2 and ran.err.startswith("Usage: f2p-deploy") and "render" in ran.err
    assert ran.err.rstrip() == f2p("-h").out.rstrip() == f2p("--help").out.rstrip()


def test_every_command_has_help(f2p: Callable, any_command: tuple[str, ...]) -> None:
    ran = f2p(*any_command, "--help")
    assert ran.code == 0 and ran.out.startswith(f"Usage: {' '.join(('f2p-deploy', *any_command))} ")
    assert "COMMAND" in ran.out or "--json" in ran.out, "a group lists commands; every command can answer in JSON"


def test_help_names_every_exit_code(f2p: Callable) -> None:
    said = {int(code) for code in re.findall(r"\b\d+\b", f2p("--help").out.split("Exit codes:")[1].split("F2P")[0])}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.F2PError)]
    assert len(kinds) > 5 and {kind.exit_code for kind in kinds} <= said


def test_heavy_packages_wait_for_the_command_that_needs_them() -> None:
    code = "import sys, f2p_deploy.cli.app; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"torch", "onnx", "onnxruntime", "openvino", "mediapipe", "numba", "scipy", "skimage", "coremltools"}
    assert "typer" in done.stdout.split() and not heavy & set(done.stdout.split())
