"""LiteRT runs a file that is written here by hand: the logistic function of a small picture."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert")

from f2p_deploy.artifact.artifact import Artifact, GraphEntry, TensorSpec, read_artifact, write_artifact  # noqa: E402
from f2p_deploy.runtimes import load  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402

SHAPE = (1, 3, 16, 16)


def logistic_file() -> bytes:
    """Return a `.tflite` file with one operation, with the names that litert-torch gives to inputs and outputs."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    def tensor(name: str) -> object:
        found = schema.TensorT()
        found.name, found.shape, found.type, found.buffer = name.encode(), list(SHAPE), schema.TensorType.FLOAT32, 0
        return found

    def named(name: str, index: int) -> object:
        found = schema.TensorMapT()
        found.name, found.tensorIndex = name.encode(), index
        return found

    operation, code, graph = schema.OperatorT(), schema.OperatorCodeT(), schema.SubGraphT()
    operation.opcodeIndex, operation.inputs, operation.outputs = 0, [0], [1]
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.LOGISTIC
    code.version = 1
    graph.tensors, graph.inputs, graph.outputs, graph.operators = [tensor("x"), tensor("y")], [0], [1], [operation]
    signature, model = schema.SignatureDefT(), schema.ModelT()
    signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
    signature.inputs, signature.outputs = [named("args_0", 0)], [named("output_0", 1)]
    model.version, model.subgraphs, model.operatorCodes = 3, [graph], [code]
    model.buffers, model.signatureDefs = [schema.BufferT()], [signature]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def logistic_artifact(small_artifact: Path, folder: Path, content: bytes, shape: tuple[int, ...] = SHAPE) -> Artifact:
    """Write an artifact whose only graph is that file."""
    manifest = read_artifact(small_artifact).manifest
    entry = GraphEntry(
        file="segment.tflite",
        inputs=(TensorSpec("face", "float32", shape, "a picture", 0.0, 1.0),),
        outputs=(TensorSpec("classes", "float32", shape, "its logistic function"),),
        precision_asked="fp32",
        precision_found="fp32",
    )
    with write_artifact(folder) as draft:
        (draft.folder / entry.file).write_bytes(content)
        draft.write_golden({})
        draft.manifest = replace(manifest, target="litert", graphs={"segment": entry}, files={}, parity=())
    return read_artifact(folder)


def test_it_computes_and_returns_arrays_of_the_caller(small_artifact: Path, tmp_path: Path) -> None:
    runtime = load(logistic_artifact(small_artifact, tmp_path / "artifact", logistic_file()))
    assert runtime.name == "litert" and "ai-edge-litert" in runtime.describe_device()
    face = np.random.default_rng(0).random(SHAPE, np.float32)
    first = runtime.compute("segment", {"face": face})["classes"]
    before = first.copy()
    runtime.compute("segment", {"face": 1 - face})
    assert np.array_equal(first, before), "a later call must not change what an earlier one returned"
    assert np.abs(first - 1 / (1 + np.exp(-face))).max() < 1e-6


def test_threads_get_their_own_answers(small_artifact: Path, tmp_path: Path) -> None:
    runtime = load(logistic_artifact(small_artifact, tmp_path / "artifact", logistic_file()), threads=1)
    faces = [np.full(SHAPE, k / 50, np.float32) for k in range(50)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda face: runtime.compute("segment", {"face": face})["classes"], faces))
    for face, classes in zip(faces, found, strict=True):
        assert np.abs(classes - 1 / (1 + np.exp(-face))).max() < 1e-6


def test_a_file_that_is_none_and_one_of_other_tensors_are_refused(small_artifact: Path, tmp_path: Path) -> None:
    damaged = load(logistic_artifact(small_artifact, tmp_path / "damaged", b"no file of LiteRT"))
    with pytest.raises(InputError, match=r"segment\.tflite is no file that LiteRT can run"):
        damaged.prepare(["segment"])
    other = load(logistic_artifact(small_artifact, tmp_path / "other", logistic_file(), (1, 3, 8, 8)))
    with pytest.raises(InputError, match=r"has the tensors .*\(1, 3, 16, 16\).*its manifest says"):
        other.prepare(["segment"])
