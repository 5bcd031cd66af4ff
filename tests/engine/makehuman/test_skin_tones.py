"""The masks and labels of the skin are at the right parts of the face."""

from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.character.face import HELEN_CLASSES

pytest.importorskip("numba")

from f2p_deploy.engine.makehuman.makehuman import MakeHumanEngine
from f2p_deploy.engine.makehuman.skin_tones import BODY, CHANNELS, HEAD, MOUTH, SOCKET, SkinMaps


@pytest.fixture
def maps(engine: MakeHumanEngine) -> SkinMaps:
    return engine._maps


def masks_at(maps: SkinMaps, vertex: int, engine: MakeHumanEngine) -> dict[str, float]:
    """Return the masks at a vertex of the base mesh."""
    skin = engine._skin
    t, k = np.argwhere((skin.triangles == vertex) & (maps.kinds == HEAD)[:, None])[0]
    u, v = maps.uv[skin.corners[t, k]]
    width, height = maps.masks.widths[0], maps.masks.heights[0]
    row, column = int((1 - v) * height), int(u * width)
    return dict(zip(CHANNELS, maps.masks.texels[row * width + column] / 255, strict=True))


def nearest(engine: MakeHumanEngine, place: tuple[float, float, float]) -> int:
    head = np.unique(engine._skin.triangles[engine._maps.kinds == HEAD])
    return int(head[np.linalg.norm(engine._skin.points[head] - place, axis=1).argmin()])


def test_triangles_are_sorted_by_island(maps: SkinMaps, engine: MakeHumanEngine) -> None:
    x, y, z = np.abs(np.moveaxis(engine._skin.points[engine._skin.triangles].mean(1), -1, 0))
    face = (x < 0.6) & (y > 6.85) & (z > 1.45)
    assert set(maps.kinds[face]) == {HEAD}
    assert y[maps.kinds == BODY].max() < 6.8
    assert 6.2 < y[maps.kinds == MOUTH].mean() < 6.8
    assert y[maps.kinds == SOCKET] == pytest.approx(7.28, abs=0.3)


@pytest.mark.parametrize(
    ("place", "present", "absent"),
    [
        ((0.40, 6.95, 1.3), "blush", "lips"),
        ((0.0, 6.56, 1.55), "lips", "jaw"),
        ((0.0, 6.74, 1.6), "moustache", "goatee"),
        ((0.0, 6.3, 1.5), "goatee", "moustache"),
        ((0.5, 6.6, 0.7), "jaw", "scalp"),
        ((0.0, 8.4, 0.6), "scalp", "jaw"),
        ((0.0, 7.0, 1.6), "gloss", "scalp"),
        ((0.30, 7.15, 1.35), "bags", "jaw"),
        ((0.29, 6.77, 1.4), "folds", "scalp"),
        ((0.0, 8.4, 0.6), "crown", "lips"),
    ],
)
def test_masks(engine: MakeHumanEngine, maps: SkinMaps, place: tuple, present: str, absent: str) -> None:
    found = masks_at(maps, nearest(engine, place), engine)
    assert found[present] > 0.3 and found[absent] < 0.1, found


def test_both_halves_of_the_face_are_labelled_alike(engine: MakeHumanEngine, maps: SkinMaps) -> None:
    skin, places = engine._skin, {}
    for t in np.flatnonzero(maps.kinds == HEAD):
        u, v = maps.uv[skin.corners[t]].mean(0)
        row, column = int((1 - v) * maps.labels.shape[0]), int(u * maps.labels.shape[1])
        places.setdefault(int(maps.labels[row, column]), []).append(skin.points[skin.triangles[t]].mean(0))
    for name in ("nose", "upper-lip", "lower-lip", "skin"):
        x = np.array(places[HELEN_CLASSES.index(name)])[:, 0]
        assert abs((x > 0).sum() - (x < 0).sum()) <= 0.02 * len(x) + 2, name
    lips = [np.array(places[HELEN_CLASSES.index(name)])[:, 1].mean() for name in ("upper-lip", "lower-lip")]
    assert lips[0] > lips[1]


def test_the_file_of_masks_is_needed(tmp_path: Path) -> None:
    from f2p_deploy.engine.makehuman.assets import find_assets
    from f2p_deploy.system.errors import MissingDependency

    (tmp_path / "makehuman/data/3dobjs").mkdir(parents=True)
    (tmp_path / "makehuman/data/3dobjs/base.obj").write_text("")
    with pytest.raises(MissingDependency, match="mpfb_lips"):
        find_assets(tmp_path)
