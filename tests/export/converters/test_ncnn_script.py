"""The script of ncnn's converter, with the converter itself where it is installed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from f2p_deploy.export.converters import converter_script

SCRIPT = Path(converter_script.__file__).with_name("ncnn_script.py")


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, str(SCRIPT), *words], capture_output=True, text=True, check=False)


def test_a_file_that_is_none_is_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "text.pt").write_text("no module")
    ran = run("convert", str(tmp_path / "text.pt"), str(tmp_path / "a.param"), str(tmp_path / "a.bin"), "1,3,9,9")
    assert ran.returncode == 1 and "\nrefused: " in f"\n{ran.stderr}"


def test_operations_that_ncnn_lacks_are_named(tmp_path: Path) -> None:
    pytest.importorskip("pnnx")
    torch = pytest.importorskip("torch")

    class Compared(torch.nn.Module):
        def forward(self, x: "torch.Tensor") -> "torch.Tensor":
            return torch.where(x > 0.5, x * 2, x)

    files = [str(tmp_path / name) for name in ("graph.pt", "graph.param", "graph.bin")]
    torch.jit.trace(Compared(), torch.rand(1, 3, 9, 9)).save(files[0])
    ran = run("convert", *files, "1,3,9,9")
    assert json.loads(ran.stdout.splitlines()[-1].removeprefix("answer: "))["unknown"]
