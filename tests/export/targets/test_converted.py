"""What targets with a converter in another Python share."""

from importlib.metadata import version
from pathlib import Path

import pytest

pytest.importorskip("torch")

from f2p_deploy.export.converters.converter_process import Converter  # noqa: E402
from f2p_deploy.export.targets.converted import require_same_torch, scratch_beside  # noqa: E402
from f2p_deploy.system.errors import MissingDependency  # noqa: E402

TOOL = Converter("demo-converter", "demo", Path("script.py"), "demo")


def test_programs_cross_only_between_equal_versions_of_pytorch() -> None:
    require_same_torch(TOOL, {"torch": version("torch")})
    with pytest.raises(MissingDependency, match=r"has PyTorch 1\.0\.0 .*install torch=="):
        require_same_torch(TOOL, {"torch": "1.0.0"})


def test_scratch_is_beside_the_artifact_and_goes_away(tmp_path: Path) -> None:
    with scratch_beside(tmp_path / "artifact") as scratch:
        assert scratch.parent == tmp_path
        (scratch / "file").touch()
    assert not list(tmp_path.iterdir())
