"""A head as one binary glTF 2.0 file (`.glb`), with its textures inside.

Specification: Khronos, glTF 2.0. A file is a header of 12 bytes, a JSON chunk and a binary chunk, each padded to four
bytes; numbers are little-endian.
"""

import io
import json
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from f2p_deploy import __version__
from f2p_deploy.engine.makehuman.baked_head import BakedPart
from f2p_deploy.system.names import shown

_HEADER, _CHUNK = struct.Struct("<4sII"), struct.Struct("<I4s")

#: Of glTF's numbers: component types, and the targets of buffer views.
_FLOAT, _UINT32, _VERTICES, _INDICES = 5126, 5125, 34962, 34963

#: Alpha below which a texel of hair is a hole.
_CUTOFF = 0.4


def glb_bytes(parts: Sequence[BakedPart], name: str = "character") -> bytes:
    """Return the content of a `.glb` file: one node, one mesh, one primitive and one material for each part.

    Args:
        parts: the meshes.
        name: of the node.
    """
    writer = _Writer()
    for part in parts:
        writer.add(part)
    document = writer.document(name)
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    chunks = [(b"JSON", text + b" " * (-len(text) % 4)), (b"BIN\0", bytes(writer.content))]
    body = b"".join(_CHUNK.pack(len(content), kind) + content for kind, content in chunks)
    return _HEADER.pack(b"glTF", 2, _HEADER.size + len(body)) + body


class _Writer:
    """Collects the arrays, textures and materials of a file."""

    def __init__(self) -> None:
        self.content = bytearray()
        self._views: list[dict[str, Any]] = []
        self._accessors: list[dict[str, Any]] = []
        self._images: list[dict[str, Any]] = []
        self._materials: list[dict[str, Any]] = []
        self._primitives: list[dict[str, Any]] = []

    def add(self, part: BakedPart) -> None:
        """Add one part as a primitive with its material."""
        attributes = {
            "POSITION": self._accessor(part.points, "VEC3", bounds=True),
            "NORMAL": self._accessor(part.normals, "VEC3"),
            "TEXCOORD_0": self._accessor(part.uv, "VEC2"),
        }
        if part.opacity is not None:
            colours = np.ones((len(part.opacity), 4), np.float32)
            colours[:, 3] = part.opacity
            attributes["COLOR_0"] = self._accessor(colours, "VEC4")
        indices = self._accessor(part.triangles.astype("<u4").ravel(), "SCALAR", indices=True)
        primitive = {"attributes": attributes, "indices": indices, "material": self._material(part)}
        self._primitives.append(primitive)

    def document(self, name: str) -> dict[str, Any]:
        """Return the JSON of the file."""
        return {
            "asset": {"version": "2.0", "generator": f"f2p-deploy {__version__}"},
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": [{"name": shown(name), "mesh": 0}],
            "meshes": [{"name": "head", "primitives": self._primitives}],
            "materials": self._materials,
            "textures": [{"source": i, "sampler": 0} for i in range(len(self._images))],
            "images": self._images,
            "samplers": [{"magFilter": 9729, "minFilter": 9987, "wrapS": 33071, "wrapT": 33071}],
            "accessors": self._accessors,
            "bufferViews": self._views,
            "buffers": [{"byteLength": len(self.content)}],
        }

    def _view(self, content: bytes, target: int | None = None) -> int:
        view = {"buffer": 0, "byteOffset": len(self.content), "byteLength": len(content)}
        self._views.append(view if target is None else {**view, "target": target})
        self.content += content + bytes(-len(content) % 4)
        return len(self._views) - 1

    def _accessor(self, values: np.ndarray, kind: str, bounds: bool = False, indices: bool = False) -> int:
        stored = np.ascontiguousarray(values, "<u4" if indices else "<f4")
        accessor: dict[str, Any] = {
            "bufferView": self._view(stored.tobytes(), _INDICES if indices else _VERTICES),
            "componentType": _UINT32 if indices else _FLOAT,
            "count": len(stored),
            "type": kind,
        }
        if bounds:
            accessor |= {"min": stored.min(0).tolist(), "max": stored.max(0).tolist()}
        self._accessors.append(accessor)
        return len(self._accessors) - 1

    def _material(self, part: BakedPart) -> int:
        file = io.BytesIO()
        Image.fromarray(part.texture).save(file, "PNG")
        self._images.append({"name": part.name, "mimeType": "image/png", "bufferView": self._view(file.getvalue())})
        surface = {
            "baseColorTexture": {"index": len(self._images) - 1},
            "metallicFactor": 0.0,
            "roughnessFactor": 0.15 if part.name == "eyes" else 0.6,
        }
        material: dict[str, Any] = {"name": part.name, "pbrMetallicRoughness": surface}
        if part.opacity is not None:
            material |= {"alphaMode": "MASK", "alphaCutoff": _CUTOFF} if part.cut else {"alphaMode": "BLEND"}
            material["doubleSided"] = True
        self._materials.append(material)
        return len(self._materials) - 1
