"""The golden vectors for a device: the numbers of `golden.npz`, and the thresholds of the export."""

import numpy as np
import pytest

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.artifact.parity import FLOORS, step_error
from f2p_deploy.embed.golden_files import golden_files


def test_every_number_is_there_in_its_order(coreml_artifact: Artifact) -> None:
    index, files = golden_files(coreml_artifact)
    golden = coreml_artifact.golden()
    named = []
    for graph, entry in index["graphs"].items():
        assert entry["samples"] == list(golden[f"{graph}.samples"])
        for name, tensor in entry["tensors"].items():
            named.append(tensor["file"])
            wanted = golden[f"{graph}.{name}"]
            assert tensor["shape"] == list(wanted.shape)
            if name == "face":
                count, _, height, width = wanted.shape
                pixels = np.frombuffer(files[tensor["file"]], np.uint8).reshape(count, height, width, 3)
                assert np.abs(pixels / 255.0 - wanted.transpose(0, 2, 3, 1)).max() < 0.5 / 255 + 1e-6
            else:
                assert np.array_equal(np.frombuffer(files[tensor["file"]], "<f4").reshape(wanted.shape), wanted)
    assert sorted(named) == sorted(files)


def test_the_floors_are_those_of_the_precision(coreml_artifact: Artifact) -> None:
    index, _ = golden_files(coreml_artifact)
    for graph in index["graphs"].values():
        assert graph["floors"]["render"] == FLOORS["fp16"].render
        assert graph["floors"]["length"] == pytest.approx(step_error(FLOORS["fp16"]))


def test_a_trajectory_comes_along_where_there_is_one(coreml_artifact: Artifact) -> None:
    assert "trajectory" not in golden_files(coreml_artifact)[0]
    more = {f"trajectory.{name}": np.zeros((3, 13), np.float32) for name in ("learning_rates", "states", "losses")}
    more |= {f"trajectory.rounded_{name}": np.zeros((3, 13), np.float32) for name in ("states", "losses")}

    class WithTrajectory(Artifact):
        def golden(self) -> dict[str, np.ndarray]:
            return {**super().golden(), **more}

    index, files = golden_files(WithTrajectory(coreml_artifact.folder, coreml_artifact.manifest))
    assert set(index["trajectory"]) == {"learning_rates", "states", "losses"}
    assert len(files["trajectory.states.f32"]) == 3 * 13 * 4
