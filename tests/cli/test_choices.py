"""Values of options: listed in help and completed by the shell, both from the registries."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from f2p_deploy.cli.choices import REGISTRIES, complete, words_of

COMMANDS = (
    *("run", "render", "export", "calibrate", "verify", "bench", "inspect", "demo", "targets", "doctor", "landmarker"),
    *("train", "bundle show", "bundle import", "embed ios", "embed android", "engine render", "engine check"),
    *("evaluate landmarks", "evaluate stages", "evaluate verification", "evaluate ablation", "evaluate likeness"),
    *("schema list", "schema show", "preset list", "preset show", "bundle new", "bundle set", "bundle check"),
    *("bundle pack", "bundle unpack"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_no_placeholder_is_left_in_a_help(f2p: Callable, command: str) -> None:
    ran = f2p(*command.split(), "--help")
    assert ran.code == 0 and not any(f"{{{registry}}}" in ran.out for registry in REGISTRIES)
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("command", "registries"),
    [
        ("run", ["modes", "runtimes"]),
        ("export", ["targets", "flavors", "graphs", "releases"]),
        ("verify", ["runtimes"]),
        ("embed android", ["embedded_modes"]),
        ("calibrate", ["splits"]),
        ("bench", ["timed_modes", "contenders"]),
        ("train", ["stages", "presets"]),
        ("bundle import", ["networks"]),
        ("engine render", ["schemas"]),
        ("evaluate landmarks", ["measured_modes", "splits"]),
        ("schema show", ["schemas"]),
    ],
)
def test_help_lists_what_a_registry_holds(f2p: Callable, command: str, registries: list[str]) -> None:
    said = "".join(f2p(*command.split(), "--help").out.split())
    for registry in registries:
        assert words_of(registry)
        assert ",".join(words_of(registry)) in said, registry


def test_a_new_target_is_listed_automatically(f2p: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    from f2p_deploy.export.targets import TARGETS

    monkeypatch.setitem(TARGETS, "toaster", TARGETS["onnx"])
    assert "toaster" in f2p("export", "--help").out and "toaster" in complete("targets")("to")


def test_a_registry_whose_package_is_missing_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> tuple[str, ...]:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setitem(REGISTRIES, "stages", missing)
    assert words_of("stages") == ()


def test_no_help_waits_for_pytorch() -> None:
    code = "import sys; from f2p_deploy.cli.choices import REGISTRIES, words_of\n"
    code += "print(all(map(words_of, REGISTRIES)), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


def test_words_after_a_comma_are_completed() -> None:
    assert complete("timed_modes")("one-shot,it") == ["one-shot,iterative", "one-shot,iterative-fast"]
    assert complete("targets")("trt-f") == ["trt-fp16", "trt-fp32"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_commands_and_words(tmp_path: Path) -> None:
    """Complete as a shell does: the typed words are in the environment, the completions on stdout."""
    main = tmp_path / "f2p-deploy"
    main.write_text(f"#!/bin/sh\nexec {sys.executable} -m f2p_deploy.cli \"$@\"\n")
    main.chmod(0o755)
    script = f"""
    PATH={tmp_path}:$PATH
    eval "$(f2p-deploy --show-completion bash)"
    complete -p f2p-deploy >&2
    answers() {{
        COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 ))
        _f2p_deploy_completion f2p-deploy
        echo "${{COMPREPLY[*]}}"
    }}
    answers f2p-deploy ex
    answers f2p-deploy engine re
    answers f2p-deploy export --target onnx-
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["export", "render", "onnx-fp16 onnx-int8 onnx-int4"], done.stderr
