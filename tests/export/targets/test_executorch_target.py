"""The ExecuTorch target: all graphs in one file, and what is said where the package is missing."""

from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("torch")

from f2p_deploy.export import Faces, export_bundle, plan_export  # noqa: E402
from f2p_deploy.export.targets import TARGETS  # noqa: E402
from f2p_deploy.export.targets.target import DEFAULT_OPTIONS  # noqa: E402
from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.system.errors import MissingDependency  # noqa: E402


@pytest.mark.skipif(find_spec("executorch") is not None, reason="executorch is installed here")
def test_the_missing_package_is_named_before_anything_is_written(small_bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(MissingDependency, match="executorch"):
        plan_export(small_bundle, "executorch", tmp_path / "out")
    assert "executorch" in TARGETS["executorch"].why_not_here()
    assert not list(tmp_path.iterdir())


def test_all_graphs_are_methods_of_one_file() -> None:
    files = {TARGETS["executorch"].planned_file(graph, DEFAULT_OPTIONS) for graph in ("render", "step")}
    assert files == {"graphs.pte"}


def test_exported_graphs_pass(small_bundle: Bundle, small_faces: Faces, tmp_path: Path) -> None:
    pytest.importorskip("executorch")
    artifact = export_bundle(small_bundle, "executorch", tmp_path / "out", faces=small_faces)
    assert artifact.manifest.parity_status == "passed" and artifact.manifest.verified == "runtime"
    assert len(list((tmp_path / "out").glob("*.pte"))) == 1
