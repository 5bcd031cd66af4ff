"""A `.glb` file: read back by the specification's rules, chunk by chunk and number by number."""

import io
import json
import struct

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("numba")

from f2p_deploy.engine.makehuman.baked_head import BakedPart
from f2p_deploy.engine.makehuman.glb_file import glb_bytes

POINTS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, -1]], np.float32)
NORMALS = np.tile(np.array([0, 0, 1], np.float32), (4, 1))
UV = np.array([[0, 1], [1, 1], [0, 0], [1, 0]], np.float32)
TRIANGLES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def part(name: str, opacity: np.ndarray | None = None, cut: bool = False) -> BakedPart:
    channels = 3 if opacity is None else 4
    texture = np.random.default_rng(3).integers(0, 256, (5, 7, channels), np.uint8)
    return BakedPart(name, POINTS, NORMALS, UV, TRIANGLES, texture, opacity, cut)


def read(content: bytes) -> tuple[dict, bytes]:
    """Return the JSON and the binary chunk of a file."""
    magic, version, length = struct.unpack_from("<4sII", content)
    assert (magic, version, length) == (b"glTF", 2, len(content))
    size, kind = struct.unpack_from("<I4s", content, 12)
    assert kind == b"JSON" and size % 4 == 0
    document = json.loads(content[20 : 20 + size])
    binary, kind = struct.unpack_from("<I4s", content, 20 + size)
    assert kind == b"BIN\0" and binary % 4 == 0 and 28 + size + binary == length
    assert document["buffers"] == [{"byteLength": binary}]
    return document, content[28 + size :]


def array(document: dict, binary: bytes, index: int) -> np.ndarray:
    """Return the values of an accessor."""
    accessor = document["accessors"][index]
    view = document["bufferViews"][accessor["bufferView"]]
    assert view["byteOffset"] % 4 == 0
    kind = {5126: "<f4", 5125: "<u4"}[accessor["componentType"]]
    width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}[accessor["type"]]
    values = np.frombuffer(binary[view["byteOffset"] :][: view["byteLength"]], kind)
    return values.reshape(accessor["count"], width) if width > 1 else values


def test_what_is_written_is_read_back() -> None:
    opacity = np.array([1, 0.5, 0, 1], np.float32)
    parts = [part("skin"), part("hair", opacity, cut=True), part("eyebrows", opacity)]
    document, binary = read(glb_bytes(parts, "Zoë\n"))
    assert document["nodes"] == [{"name": r"Zoë\n", "mesh": 0}] and document["asset"]["version"] == "2.0"
    primitives = document["meshes"][0]["primitives"]
    assert len(primitives) == len(document["materials"]) == len(document["images"]) == 3
    for given, primitive in zip(parts, primitives, strict=True):
        attributes = primitive["attributes"]
        np.testing.assert_array_equal(array(document, binary, attributes["POSITION"]), POINTS)
        np.testing.assert_array_equal(array(document, binary, attributes["NORMAL"]), NORMALS)
        np.testing.assert_array_equal(array(document, binary, attributes["TEXCOORD_0"]), UV)
        np.testing.assert_array_equal(array(document, binary, primitive["indices"]), TRIANGLES.ravel())
        material = document["materials"][primitive["material"]]
        image = document["images"][material["pbrMetallicRoughness"]["baseColorTexture"]["index"]]
        view = document["bufferViews"][image["bufferView"]]
        with Image.open(io.BytesIO(binary[view["byteOffset"] :][: view["byteLength"]])) as picture:
            np.testing.assert_array_equal(np.asarray(picture), given.texture)
        if given.opacity is not None:
            np.testing.assert_array_equal(array(document, binary, attributes["COLOR_0"])[:, 3], opacity)
    position = document["accessors"][primitives[0]["attributes"]["POSITION"]]
    assert position["min"] == [0, 0, -1] and position["max"] == [1, 1, 0]
    modes = [material.get("alphaMode", "OPAQUE") for material in document["materials"]]
    assert modes == ["OPAQUE", "MASK", "BLEND"]


def test_trimesh_opens_it() -> None:
    trimesh = pytest.importorskip("trimesh")
    scene = trimesh.load(io.BytesIO(glb_bytes([part("skin"), part("mouth")])), file_type="glb", process=False)
    assert [mesh.vertices.shape for mesh in scene.geometry.values()] == [(4, 3), (4, 3)]
