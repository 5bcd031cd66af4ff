"""The entry point: unknown words, errors, their exit codes and their formats."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from f2p_deploy.system.extras import install_line


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["rnu"], "No such command 'rnu'. Did you mean 'run'?"),
        (["run"], "Missing argument 'PHOTO'."),
        (["run", "x.jpg", "--mode", "hybird"], "no mode named 'hybird'. Did you mean 'hybrid'?"),
        (["export", "--target", "onxn"], "no target named 'onxn'. Did you mean 'onnx'?"),
        (["train", "imitatr", "--front", "x"], "no stage named 'imitatr'. Did you mean 'imitator'?"),
        (["train", "imitator", "--front", "x", "--preset", "papr"], "no preset named 'papr'. Did you mean 'paper'?"),
        (["schema", "show", "justice-mael"], "no schema named 'justice-mael'. Did you mean 'justice-male'?"),
    ],
)
def test_wrong_words_get_a_suggestion_and_code_2(f2p: Callable, words: list[str], sentence: str) -> None:
    ran = f2p(*words)
    assert ran.code == 2 and ran.out == ""
    assert ran.err.startswith(f"error: {sentence}") and ran.err.count("\n") == 1


def test_an_error_is_one_object_with_json(f2p: Callable) -> None:
    ran = f2p("run", "nowhere.jpg", "--json")
    assert ran.code == 2
    assert ran.json == {"error": "there is no file nowhere.jpg", "exit_code": 2}


def test_a_long_sentence_is_not_wrapped_in_a_pipe(tmp_path: Path) -> None:
    name = "x" * 180 + ".jpg"
    done = _process("run", str(tmp_path / name))
    assert done.returncode == 2
    assert done.stderr == f"error: there is no file {tmp_path / name}\n"


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = _process("run", str(tmp_path / "no.jpg"), F2P_DEBUG="1")
    assert done.returncode == 2
    assert "Traceback" in done.stderr and done.stderr.rstrip().splitlines()[-1].startswith("error: there is no file")


def test_a_bug_is_one_line_with_code_70(f2p: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    import f2p_deploy.doctor

    monkeypatch.setattr(f2p_deploy.doctor, "diagnose", lambda *_: 1 / 0)
    ran = f2p("doctor")
    assert ran.code == 70
    assert ran.err == "error: unexpected ZeroDivisionError: division by zero. This is a bug; F2P_DEBUG=1 shows where\n"


@pytest.mark.parametrize(("module", "code"), [("numba", 3), ("mediapipe.tasks", 3), ("f2p_deploy.nothing", 70)])
def test_a_failed_import_of_an_optional_package_is_code_3(
    f2p: Callable, monkeypatch: pytest.MonkeyPatch, module: str, code: int
) -> None:
    import f2p_deploy.doctor

    def diagnose(*_: object) -> None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(f2p_deploy.doctor, "diagnose", diagnose)
    ran = f2p("doctor")
    assert ran.code == code and ("pip install -e '" in ran.err) is (code == 3)


def test_a_closed_pipe_is_no_error() -> None:
    command = [sys.executable, "-m", "f2p_deploy.cli", "schema", "show", "justice-female"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_missing_package_is_code_3(small_bundle: object, tmp_path: Path) -> None:
    """Without PyTorch nothing can be made, and that is said before anything is written."""
    photo = tmp_path / "a.png"
    photo.write_bytes(b"")
    code = "import sys; sys.modules['torch'] = None\n"
    code += "import importlib.util as u; find = u.find_spec\n"
    code += "u.find_spec = lambda name, *a: None if name == 'torch' else find(name, *a)\n"
    code += "from f2p_deploy.cli import main; main()"
    words = ["run", str(photo), "--bundle", str(small_bundle.path), "-o", str(tmp_path / "out"), "--json"]  # type: ignore[attr-defined]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert install_line("export") in json.loads(done.stdout)["error"]
    assert not (tmp_path / "out").exists()


def _process(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "f2p_deploy.cli", *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "60"} | environment,
    )


@pytest.mark.parametrize(
    ("words", "place", "meant"),
    [
        ("nosuch", "f2p-deploy", ""),
        ("--verbose nosuch", "f2p-deploy", ""),
        ("exprt --json", "f2p-deploy", "export"),
        ("engine rendr", "f2p-deploy engine", "render"),
        ("export --bathc 3", "f2p-deploy export", "--batch"),
        ("engine render --cuont 3", "f2p-deploy engine render", "--count"),
        ("schema show", "f2p-deploy schema show", ""),
        ("train", "f2p-deploy train", ""),
    ],
)
def test_the_help_page_that_is_named_exists(f2p: Callable, words: str, place: str, meant: str) -> None:
    ran = f2p(*words.split())
    assert ran.code == 2 and ran.err.rstrip().endswith(f"See {place} --help")
    assert (f"Did you mean {meant!r}?" in ran.err) is bool(meant), ran.err
    assert f2p(*place.split()[1:], "--help").out.startswith(f"Usage: {place}")


@pytest.mark.parametrize(
    "words",
    [
        "run a.png --face 0",
        "run a.png --threads 0",
        "run a.png --threads 1000000",
        "render --average --size x",
        "export --target onnx --batch 0",
        "export --target onnx --batch 1000000",
        "export --target onnx --trajectories -1",
        "calibrate photos -o out --count 0",
        "bench --limit nan",
        "bench --limit -1",
        "bench --batch 0",
        "bench --batch 1000000",
        "train imitator --front front --seed -1",
        "train imitator --front front --seed 99999999999999999999999",
        "engine render -o out --count 0",
        "engine render -o out --count 1 --size 0",
        "engine render -o out --count 1 --size 1000000",
        "engine render -o out --count 1 --workers 0",
        "engine render -o out --count 1 --pictures-each 0",
        "engine render -o out --count 1 --near-average nan",
        "engine render -o out --count 1 --near-average 2",
        "evaluate landmarks photos --limit 0",
        "evaluate landmarks photos --seed -1",
        "evaluate stages --pictures 0",
        "evaluate stages --searches -1",
    ],
)
def test_a_number_out_of_range_is_refused_in_a_sentence(
    f2p: Callable, tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.chdir(photo.parent)
    photo.rename(photo.with_name("a.png"))
    (tmp_path / "photos" / "photos").mkdir()
    ran = f2p(*words.split())
    assert ran.code == 2, ran.err
    assert ran.err.startswith("error: ") and "bug" not in ran.err and ran.err.count("\n") <= 2
    assert not (tmp_path / "photos" / "out").exists() and not (tmp_path / "photos" / "bundle").exists()
