"""A judge network from a file, run by ONNX Runtime."""

from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.evaluation.likeness.judge import POINTS, FileJudge
from f2p_deploy.system.errors import InputError


def averages(path: Path, shape: list[int | str], axes: tuple[int, ...]) -> Path:
    """Write a network that gives the means of its picture."""
    onnx = pytest.importorskip("onnx")
    given = onnx.helper.make_tensor_value_info("picture", onnx.TensorProto.FLOAT, shape)
    made = onnx.helper.make_tensor_value_info("descriptor", onnx.TensorProto.FLOAT, None)
    axis = onnx.helper.make_tensor("axes", onnx.TensorProto.INT64, [len(axes)], axes)
    node = onnx.helper.make_node("ReduceMean", ["picture", "axes"], ["descriptor"], keepdims=0)
    graph = onnx.helper.make_graph([node], "averages", [given], [made], [axis])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=10), path)
    return path


@pytest.mark.parametrize(
    ("shape", "axes"), [([1, 3, 112, 112], (2, 3)), ([1, 112, 112, 3], (1, 2)), (["N", 3, 112, 112], (2, 3))]
)
def test_the_picture_comes_cut_and_scaled_as_the_network_wants_it(
    shape: list[int | str], axes: tuple[int, ...], tmp_path: Path
) -> None:
    judge = FileJudge(averages(tmp_path / "judge.onnx", shape, axes))
    picture = np.zeros((224, 224, 3), np.uint8)
    picture[..., 0], picture[..., 2] = 255, 127
    np.testing.assert_allclose(judge.describe(picture, POINTS * 2), [127.5 / 128, -127.5 / 128, -0.5 / 128], atol=1e-3)
    assert judge.name == "judge"


def test_the_points_say_what_is_seen(tmp_path: Path) -> None:
    judge = FileJudge(averages(tmp_path / "judge.onnx", [1, 3, 112, 112], (2, 3)))
    picture = np.zeros((112, 224, 3), np.uint8)
    picture[:, 112:] = 255
    left, right = judge.describe(picture, POINTS), judge.describe(picture, POINTS + (112, 0))
    assert left.max() < -0.9 and right.min() > 0.9


def test_a_file_that_is_no_judge_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="an .onnx or .tflite file"):
        FileJudge(tmp_path / "judge.pth")
    with pytest.raises(InputError, match="there is no judge"):
        FileJudge(tmp_path / "judge.onnx")
    (tmp_path / "text.onnx").write_text("text")
    with pytest.raises(InputError, match="not a network that ONNX Runtime reads"):
        FileJudge(tmp_path / "text.onnx")
    with pytest.raises(InputError, match="112x112x3, it takes"):
        FileJudge(averages(tmp_path / "other.onnx", [1, 3, 160, 160], (2, 3)))
