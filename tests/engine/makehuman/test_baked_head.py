"""The baked head has the engine's vertices, and textures in the colours that the character has."""

from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import load_schema
from f2p_deploy.system.errors import InputError

pytest.importorskip("numba")

from f2p_deploy.engine.makehuman.baked_head import BakedPart, HeadBaker

SCHEMA = load_schema("makehuman")


@pytest.fixture(scope="module")
def baker(makehuman_assets: Path) -> HeadBaker:
    return HeadBaker(SCHEMA, makehuman_assets)


@pytest.fixture(scope="module")
def parts(baker: HeadBaker) -> dict[str, BakedPart]:
    changes = {"glasses": "thick", "skin-tone": "porcelain", "eye-colour": "blue", "hair-colour": "black"}
    return {part.name: part for part in baker.bake(average(SCHEMA).with_values(changes))}


def test_the_parts_of_a_head(parts: dict[str, BakedPart]) -> None:
    names = ["skin", "body", "mouth", "eyes", "eyebrows", "eyelashes", "hair", "glasses"]
    assert list(parts) == names
    for part in parts.values():
        assert part.points.shape == part.normals.shape == (len(part.uv), 3)
        assert part.triangles.min() == 0 and part.triangles.max() == len(part.points) - 1
        assert part.uv.min() >= 0 and part.uv.max() <= 1
        np.testing.assert_allclose(np.linalg.norm(part.normals, axis=1), 1, atol=1e-4)
        assert (part.texture.shape[2] == 4) == (part.opacity is not None)
    assert parts["hair"].cut and not parts["eyebrows"].cut


def test_the_skin_is_the_engine_s_mesh(baker: HeadBaker, parts: dict[str, BakedPart]) -> None:
    values = np.array([controller.default for controller in SCHEMA.controllers], np.float32)
    own = baker._morphs.shape(values) / 10
    points = parts["skin"].points
    nearest = np.abs(points[::40, None] - own[None]).max(2).min(1)
    assert nearest.max() < 1e-6
    # Triangles are counterclockwise from outside: their normals point as the vertices' do.
    a, b, c = (points[parts["skin"].triangles[:, k]] for k in range(3))
    outward = np.cross(b - a, c - a)
    assert ((outward * parts["skin"].normals[parts["skin"].triangles[:, 0]]).sum(1) >= 0).mean() > 0.99


def test_colours_are_the_character_s(baker: HeadBaker, parts: dict[str, BakedPart]) -> None:
    bald = average(SCHEMA).with_values({"skin-tone": "ebony", "hair": "bald"})
    dark = {part.name: part for part in baker.bake(bald)}
    assert "hair" not in dark and "glasses" not in dark
    light, ebony = (np.percentile(head["skin"].texture.reshape(-1, 3), 90, axis=0) for head in (parts, dark))
    np.testing.assert_allclose(light, (244, 216, 200), atol=25)
    np.testing.assert_allclose(ebony, (78, 53, 42), atol=15)
    solid = parts["hair"].texture[parts["hair"].texture[..., 3] > 200][:, :3]
    assert solid.mean() < 60
    iris = parts["eyes"].texture.reshape(-1, 3).astype(int)
    assert (iris[:, 2] - iris[:, 0]).max() > 40  # blue
    assert (dark["eyes"].texture.astype(int)[..., 2] - dark["eyes"].texture[..., 0]).max() < 40


def test_a_schema_that_makehuman_lacks_is_refused(makehuman_assets: Path) -> None:
    with pytest.raises(InputError, match="MakeHuman has no"):
        HeadBaker(load_schema("justice-male"), makehuman_assets)
