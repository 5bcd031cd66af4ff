"""Files for ncnn are read as text, without ncnn."""

from pathlib import Path

import pytest

from f2p_deploy.artifact.ncnn_file import ncnn_contents, ncnn_weights
from f2p_deploy.system.errors import InputError

LAYERS = """7767517
4 4
Input                    in0                      0 1 in0
Convolution              conv_0                   1 1 in0 1 0=8 1=3 6=216
ReLU                     relu_0                   1 1 1 2
Convolution              conv_1                   1 1 2 out0 0=8 1=1 6=64
"""


def test_layers_and_weights_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "render.ncnn.param"
    file.write_text(LAYERS)
    with pytest.raises(InputError, match=r"render\.ncnn\.param and render\.ncnn\.bin cannot be read"):
        ncnn_contents(file)
    ncnn_weights(file).write_bytes(bytes(1120))
    found = ncnn_contents(file)
    assert found["operators"] == {"Convolution": 2, "ReLU": 1}
    assert found["weights"] == {"float32": {"tensors": 2, "values": 280, "bytes": 1120}}
    file.write_text("something else\n")
    with pytest.raises(InputError, match="does not list layers for ncnn"):
        ncnn_contents(file)
