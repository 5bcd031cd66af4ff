"""The contract of an Android module: the facts of generation, the graphs that are in it, and a digest of its files."""

import re
from pathlib import Path

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.artifact.manifest import FileRecord
from f2p_deploy.embed import android_contract as contracts
from f2p_deploy.embed.android_contract import ANDROID_FORMAT, android_contract

FILES = {"step.onnx": FileRecord(3, "a" * 64), "weights.bin": FileRecord(5, "b" * 64)}


def test_only_what_is_embedded_is_described(served_artifact: Artifact) -> None:
    contract = android_contract(served_artifact, ["render", "step"], FILES)
    assert list(contract["graphs"]) == ["render", "step"]
    step = served_artifact.manifest.graphs["step"]
    assert contract["graphs"]["step"]["file"] == step.file
    assert contract["graphs"]["step"]["inputs"][0] == {"name": "state", "shape": list(step.inputs[0].shape)}
    assert contract["files"] == {"step.onnx": {"size": 3}, "weights.bin": {"size": 5}}
    assert contract["schema"]["controllers"] and contract["limits"]["largestYaw"] > 0


def test_another_content_of_a_file_is_another_digest(served_artifact: Artifact) -> None:
    one = android_contract(served_artifact, ["step"], FILES)["digest"]
    other = android_contract(served_artifact, ["step"], FILES | {"weights.bin": FileRecord(5, "c" * 64)})["digest"]
    assert re.fullmatch("[0-9a-f]{64}", one) and one != other


def test_kotlin_reads_this_format() -> None:
    kotlin = Path(contracts.__file__).parent / "android_module/src/main/kotlin/f2p/kit/Contract.kt"
    assert f"const val FORMAT = {ANDROID_FORMAT}\n" in kotlin.read_text()
