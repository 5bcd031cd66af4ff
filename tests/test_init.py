"""The base install: light to import, complete without PyTorch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import f2p_deploy

ROOT = Path(__file__).resolve().parents[1]

#: What the base install does not have.
OPTIONAL = [
    "torch",
    "onnx",
    "onnxscript",
    "onnxsim",
    "mediapipe",
    "cv2",
    "skimage",
    "scipy",
    "numba",
    "coremltools",
    "openvino",
    "tensorrt",
]

WITHOUT_EXTRAS = f"""
import sys
from importlib.abc import MetaPathFinder

class Present(MetaPathFinder):
    finders = tuple(sys.meta_path)

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {OPTIONAL!r}:
            return None
        return next((spec for finder in self.finders if (spec := finder.find_spec(name, path, target))), None)

sys.meta_path[:] = [Present()]
"""


def python(code: str, *arguments: str) -> str:
    """Run code in a fresh Python; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_loads_nothing_heavy() -> None:
    loaded = python("import sys, f2p_deploy; dir(f2p_deploy); print(*sys.modules)").split()
    assert not {"torch", "numpy", "onnxruntime", "typer", "PIL", "jinja2"} & set(loaded)


def test_every_public_name_resolves() -> None:
    for name in f2p_deploy.__all__:
        assert getattr(f2p_deploy, name) is not None, name
    assert set(f2p_deploy.__all__) <= set(dir(f2p_deploy))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        f2p_deploy.lode  # noqa: B018


def test_an_artifact_runs_without_any_extra(small_artifact: Path) -> None:
    code = (
        WITHOUT_EXTRAS
        + """
import numpy as np
import f2p_deploy
runtime = f2p_deploy.load(sys.argv[1], threads=1)
golden = runtime.artifact.golden()
difference = np.abs(runtime.one_shot(golden["one_shot.face"][:1]) - golden["one_shot.parameters"][:1]).max()
runtime.describe(golden["describe.face"][:1]); runtime.render(golden["render.parameters"][:1])
print(float(difference))
"""
    )
    assert float(python(code, str(small_artifact))) < 1e-4


def test_the_table_of_targets_needs_no_extra() -> None:
    code = (
        WITHOUT_EXTRAS
        + """
from f2p_deploy.export import TARGETS
print(TARGETS["onnx"].why_not_here())
"""
    )
    assert "[export]'" in python(code)


def test_exporting_without_the_extra_says_how_to_install_it(small_bundle: "f2p_deploy.Bundle", tmp_path: Path) -> None:
    code = (
        WITHOUT_EXTRAS
        + """
from pathlib import Path
import f2p_deploy
try:
    f2p_deploy.export_bundle(f2p_deploy.load_bundle(sys.argv[1]), "onnx", Path(sys.argv[2]))
except f2p_deploy.F2PError as error:
    print(error.exit_code, error)
"""
    )
    printed = python(code, str(small_bundle.path), str(tmp_path / "out"))
    assert printed.startswith("3 ") and "[export]'" in printed
    assert not list(tmp_path.iterdir())


def test_the_command_line_loads_nothing_heavy_for_its_help() -> None:
    pytest.importorskip("typer")
    loaded = python("import sys, f2p_deploy.cli.outcome; print(*sys.modules)").split()
    assert not {"torch", "onnxruntime", "onnx", "mediapipe", "skimage", "numpy", "PIL", "numba", "jinja2"} & set(loaded)


def test_only_a_page_loads_the_templates() -> None:
    loaded = python("import sys, f2p_deploy.cli.run, f2p_deploy.pipeline.characters; print(*sys.modules)").split()
    assert "f2p_deploy.pipeline.page.characters_page" in loaded and "jinja2" not in loaded


@pytest.mark.parametrize("module", ["f2p_deploy", "f2p_deploy.cli"])
def test_the_command_line_is_a_module_too(module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("f2p-deploy ")


@pytest.mark.parametrize("chosen", [None, "0"])
def test_onnx_runtime_reports_nothing_unless_the_user_has_chosen_it(tmp_path: Path, chosen: str | None) -> None:
    code = (
        "import os, f2p_deploy; from f2p_deploy.alignment import NetworkFinder; "
        "NetworkFinder().prepare() if os.environ['ORT_DISABLE_TELEMETRY'] == '1' else None; "
        "print(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    environment = {name: value for name, value in os.environ.items() if name not in ("ORT_DISABLE_TELEMETRY", "CI")}
    environment |= {"XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    if chosen is not None:
        environment["ORT_DISABLE_TELEMETRY"] = chosen
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == (chosen or "1")
    assert not list(tmp_path.rglob("*onnxruntime*"))
