"""The readers of MakeHuman's file formats, with the irregularities of real files."""

from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.engine.makehuman.assets import load_fit, load_mesh, load_picture, load_target
from f2p_deploy.system.errors import MissingDependency


def test_quads_become_triangles_and_keep_their_group(tmp_path: Path) -> None:
    path = tmp_path / "mesh.obj"
    path.write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 1\ng body\nf 1/1 2/2 3/1 4/2\n")
    mesh = load_mesh(path)
    assert mesh.triangles.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert mesh.corners.tolist() == [[0, 1, 0], [0, 0, 1]]
    assert mesh.part.tolist() == ["body", "body"]


def test_targets_may_have_comments_or_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "one.target"
    path.write_text("# comment\n3 0.5 -1 .25\n")
    vertices, by = load_target(path)
    assert vertices.tolist() == [3] and by.tolist() == [[0.5, -1, 0.25]]
    path.write_text("# nothing\n")
    assert len(load_target(path)[0]) == 0


FIT = """# comment
x_scale 0 1 2.0
verts 0
material inside.mhmat
2
0 1 2 0.5 0.25 0.25 1.0 0.0 0.0
weights 0
9
"""


def test_a_fit_follows_the_base_mesh_and_scales_its_offsets(tmp_path: Path) -> None:
    path = tmp_path / "hair.mhclo"
    path.write_text(FIT)
    fit = load_fit(path)
    base = np.array([[0, 0, 0], [4, 0, 0], [0, 8, 0]], np.float32)
    # The second vertex has an offset of 1 if the vertices 0 and 1 are 2 apart; here they are 4 apart.
    assert fit.place(base).tolist() == [[0, 8, 0], [1 + 2, 2, 0]]
    assert fit.place(base + 1) == pytest.approx(fit.place(base) + 1)


def test_real_hair_lies_on_the_head(makehuman_assets: Path) -> None:
    data = makehuman_assets / "makehuman/data"
    base = load_mesh(data / "3dobjs/base.obj").points
    placed = load_fit(data / "hair/short02/short02.mhclo").place(base)
    assert np.abs(placed[:, 0]).max() < 1.3 and placed[:, 1].min() > 6.0 and placed[:, 1].max() < 9.5


def test_missing_and_broken_files_say_how_to_get_the_assets(tmp_path: Path) -> None:
    for load in (load_mesh, load_target, load_fit):
        with pytest.raises(MissingDependency, match="nowhere.*makehumancommunity"):
            load(tmp_path / "nowhere")
    pointer = tmp_path / "texture.png"
    pointer.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(MissingDependency, match=r"texture.png.*makehumancommunity"):
        load_picture(pointer, "RGBA", 16)
