"""Removal of expression: learned from known faces, and applied to a smile."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.character.face_shape import similarities
from f2p_deploy.evaluation.landmarks.expression import (
    BLENDSHAPES,
    POINTS,
    ExpressionReader,
    MeshWithExpression,
    learn_expression,
    load_expression_table,
    save_expression_table,
)
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.alignment import AlignedFace


def turned(yaw: float) -> np.ndarray:
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def looks(count: int) -> tuple[list[MeshWithExpression], np.ndarray]:
    """Return looks of one face that does one thing, turned, moved and enlarged at will; and the face."""
    rng = np.random.default_rng(0)
    face, move = rng.normal(0, 60, (478, 3)), rng.normal(0, 6, (478, 3))
    found = []
    for _ in range(count):
        scores = np.zeros(BLENDSHAPES)
        scores[44] = rng.random() if len(found) >= count // 5 else 0.0
        points = (face + scores[44] * move) @ turned(rng.normal(0, 0.2)).T * rng.uniform(0.8, 1.2)
        found.append(MeshWithExpression(points + rng.normal(0, 50, 3), scores))
    return found, face


def test_the_effect_of_blendshapes_is_learned_and_removed(tmp_path: Path) -> None:
    found, face = looks(200)
    table, explained = learn_expression(found, ridge=0.1)
    assert explained > 0.95 and table.neutral[44] == 0.0
    save_expression_table(table, tmp_path / "table.npz")
    stored = load_expression_table(tmp_path / "table.npz")
    rows = list(POINTS)
    for look in found[-5:]:
        wanted = (face @ similarities(face[None], look.points)[0].T)[rows, :2]
        plain = stored.neutralise(look.points[:, :2], look)
        assert apart(plain[rows], wanted) < 0.4 * apart(look.points[rows, :2], wanted) + 0.3
        assert (plain[470] == look.points[470, :2]).all()


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm((one - one.mean(axis=0)) - (other - other.mean(axis=0)), axis=1).mean())


def test_without_an_expression_the_mesh_is_unchanged() -> None:
    mesh = np.random.default_rng(0).random((478, 2))
    assert (load_expression_table().neutralise(mesh, None) == mesh).all()


def test_the_astronauts_smile_is_taken_out(landmarker: Path, aligned: "AlignedFace") -> None:
    pytest.importorskip("mediapipe")
    reader = ExpressionReader(landmarker)
    look = reader.read(aligned.image)
    assert look is not None and look.scores.shape == (BLENDSHAPES,) and look.scores[44] > 0.5
    table = load_expression_table()
    mesh = look.points[:, :2]
    plain = table.neutralise(mesh, look)
    eyes = np.hypot(*(mesh[263] - mesh[33]))
    # Her mouth gets narrower by a tenth of the eyes' distance, and the eyes stay where they are.
    assert 0.03 < (np.hypot(*(mesh[291] - mesh[61])) - np.hypot(*(plain[291] - plain[61]))) / eyes < 0.25
    assert np.hypot(*(plain[[33, 263]] - mesh[[33, 263]]).T).max() / eyes < 0.03
    assert reader.read(np.full((128, 128, 3), 128, np.uint8)) is None
    reader.close()


def test_the_shipped_table_is_of_the_points_in_use() -> None:
    table = load_expression_table()
    assert table.mean.shape == (len(POINTS), 3) and table.slopes.shape == (BLENDSHAPES, len(POINTS), 3)
    assert table.neutral[44] < 0.1 and np.isfinite(table.slopes).all()


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("mediapipe")
    (tmp_path / "bad.task").write_bytes(b"no model")
    with pytest.raises(InputError, match="MediaPipe cannot use .*bad.task, damaged or of another version"):
        ExpressionReader(tmp_path / "bad.task")
