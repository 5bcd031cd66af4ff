"""The network of face-api against the results of the npm package under Node, on the same weights and crops."""

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("torch")

from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.training.data.age_sex import EDGE, UNKNOWN, AgeSexJudge, crop_of, read_weights  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.alignment import MediaPipeFinder


def test_it_computes_what_the_package_computes(age_sex_file: Path) -> None:
    """The expected values are those of @vladmandic/face-api 1.7.15 for these weights and pictures."""
    y, x = np.mgrid[:224, :224]
    picture = np.stack([x, y, (x + y) // 2], axis=-1).astype(np.uint8)
    one, other = AgeSexJudge(age_sex_file).of_crops(np.stack([picture, picture[::-1, ::-1]])[:, ::2, ::2])
    assert (one.male, one.age) == pytest.approx((0.9999170303, -87.42930603), rel=1e-4)
    assert (other.male, other.age) == pytest.approx((2.0124e-7, -79.08119202), rel=1e-3)
    assert one.known and not UNKNOWN.known


def test_the_crop_is_a_square_around_the_mesh() -> None:
    picture = np.zeros((300, 400, 3), np.uint8)
    picture[100:200, 150:250] = 255
    mesh = np.random.default_rng(0).uniform([150, 100], [250, 200], (478, 2))
    mesh[0], mesh[1] = (150, 100), (250, 200)
    mesh[470] = (0, 0)  # an iris does not count
    crop = crop_of(picture, mesh)
    assert crop.shape == (EDGE, EDGE, 3)
    assert (crop[:, :, 0] > 127).mean() == pytest.approx((0.5 / 0.62) ** 2, abs=0.02)


def test_the_real_network_takes_the_astronaut_for_a_woman(
    astronaut: np.ndarray, mesh_finder: "MediaPipeFinder"
) -> None:
    if "F2P_AGE_SEX" not in os.environ:
        pytest.skip("F2P_AGE_SEX names no age_gender_model-weights_manifest.json")
    mesh = mesh_finder.find(astronaut)[0].dense
    assert mesh is not None
    found = AgeSexJudge(Path(os.environ["F2P_AGE_SEX"])).look(astronaut, mesh)
    assert (found.male, found.age) == pytest.approx((0.205, 31.0), rel=0.05)


def test_other_files_are_refused(age_sex_file: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="weights manifest, a .json file, found .*gone.bin"):
        AgeSexJudge(tmp_path / "gone.bin")
    with pytest.raises(InputError, match="cannot read .*gone.json: No such file"):
        AgeSexJudge(tmp_path / "gone.json")
    alone = tmp_path / age_sex_file.name
    shutil.copy(age_sex_file, alone)
    with pytest.raises(InputError, match="cannot read .*age_gender_model.bin: No such file"):
        AgeSexJudge(alone)
    (tmp_path / "age_gender_model.bin").write_bytes(b"short")
    with pytest.raises(InputError, match="not a weights manifest of TensorFlow.js, or its file is damaged"):
        AgeSexJudge(alone)
    for text in ("{", "[1]", '{"a": 1}', "[{}]"):
        alone.write_text(text)
        with pytest.raises(InputError, match="not a weights manifest"):
            AgeSexJudge(alone)
    alone.write_text(json.dumps([{"paths": ["age_gender_model.bin"], "weights": []}]))
    with pytest.raises(InputError, match="weights of face-api's age_gender_model, it holds 0 other tensors"):
        AgeSexJudge(alone)


def test_eight_bits_are_scaled(age_sex_file: Path) -> None:
    weights = read_weights(age_sex_file)
    first = weights["entry_flow/conv_in/filters"]
    assert first.shape == (3, 3, 3, 32) and abs(float(first.abs().max()) - (6 / 27) ** 0.5) < 0.01
