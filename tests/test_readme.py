"""The Python in README.md does what it says: a photo in, a character and its picture out."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]


def test_the_snippet(
    small_artifact: Path, astronaut: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (block,) = (block for block in blocks if "align_face" in block)
    assert len([line for line in block.splitlines() if line]) <= 8
    Image.fromarray(astronaut).save(tmp_path / "anna.jpg", quality=95)
    monkeypatch.chdir(tmp_path)
    variables: dict[str, object] = {}
    exec(compile(block.replace("build/demo/onnx", str(small_artifact)), "README.md", "exec"), variables)  # noqa: S102
    assert json.loads((tmp_path / "anna.json").read_text())["schema"] == "small"
    assert Image.open(tmp_path / "anna.png").size == (128, 128)
    face = variables["face"]
    assert face.image.shape == (128, 128, 3) and face.image.std() > 20  # type: ignore[attr-defined]
