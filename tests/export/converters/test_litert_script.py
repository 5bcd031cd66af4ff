"""The script of LiteRT's converter, with the converter itself where it is installed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.export.converters import converter_script

SCRIPT = Path(converter_script.__file__).with_name("litert_script.py")


def test_without_the_converter_it_refuses_in_a_line(tmp_path: Path) -> None:
    words = [sys.executable, str(SCRIPT), "convert", str(tmp_path / "none.pt2"), str(tmp_path / "out.tflite")]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ran.returncode == 1 and "\nrefused: " in f"\n{ran.stderr}"
    assert not (tmp_path / "out.tflite").exists()


@pytest.mark.parametrize("options", [[], ["--int8"]])
def test_a_convolution_is_converted(tmp_path: Path, options: list[str]) -> None:
    pytest.importorskip("litert_torch")
    torch = pytest.importorskip("torch")
    layer, picture = torch.nn.Conv2d(3, 64, 3).eval(), torch.rand(1, 3, 9, 9)
    program, out = tmp_path / "layer.pt2", tmp_path / "layer.tflite"
    torch.export.save(torch.export.export(layer, (picture,)), program)
    words = [sys.executable, str(SCRIPT), "convert", str(program), str(out), *options]
    ran = subprocess.run(words, capture_output=True, text=True, check=True)
    found = json.loads(ran.stdout.splitlines()[-1].removeprefix("answer: "))
    assert (found["int8"] > found["float32"]) == bool(options)
    from ai_edge_litert.interpreter import Interpreter

    drawn = Interpreter(str(out)).get_signature_runner()(args_0=picture.numpy())["output_0"]
    assert np.abs(drawn - layer(picture).detach().numpy()).max() < (0.05 if options else 1e-5)
