"""The changes that CONTRIBUTING.md walks through: each applies to the present package and works as described."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CHANGES = re.findall(r"```diff\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.DOTALL)

#: Asked of the changed package, by what the change adds.
QUESTIONS = {
    "networks/expression.py": """
from f2p_deploy.model.bundle import load_bundle
from f2p_deploy.model.networks.table import build_network
bundle = load_bundle(sys.argv[1])
print(tuple(build_network("expression", bundle.schema, bundle.settings).weight.shape))
""",
    "content_search.py": """
from dataclasses import replace
import numpy as np
from f2p_deploy.model.bundle import load_bundle
from f2p_deploy.runtimes import TorchRuntime, search
bundle = load_bundle(sys.argv[1])
bundle = replace(bundle, settings=replace(bundle.settings, search="content"))
face = np.random.default_rng(0).random((1, 3, 128, 128), np.float32)
print(len(search.iterate(TorchRuntime(bundle), face, replace(bundle.settings.iterative, iterations=1)).losses))
""",
    "listed_target.py": """
from f2p_deploy.export.targets import find_target
print(find_target("onnx-listed").summary)
""",
    "printing_runtime.py": """
import logging
import numpy as np
from f2p_deploy.runtimes import load
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
runtime = load(sys.argv[2], "printing", threads=1)
runtime.render(np.full((1, runtime.schema.n), 0.5, np.float32))
""",
}
ANSWERS = ("(15, 256)", "2", "ONNX and its operators", "render runs")


def test_the_four_changes_are_there() -> None:
    assert len(CHANGES) == 4
    assert all(name in change for name, change in zip(QUESTIONS, CHANGES, strict=True))


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("number", range(4), ids=["network", "loss", "target", "runtime"])
def test_a_change_applies_and_works(number: int, small_bundle, small_artifact: Path, tmp_path: Path) -> None:  # noqa: ANN001
    ignored = shutil.ignore_patterns("__pycache__", "bundles", "F2PKit")
    shutil.copytree(ROOT / "f2p_deploy", tmp_path / "f2p_deploy", ignore=ignored)
    (tmp_path / "change.diff").write_text(CHANGES[number])
    done = subprocess.run(["git", "apply", "change.diff"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    code = "import sys\n" + list(QUESTIONS.values())[number]
    line = [sys.executable, "-c", code, str(small_bundle.path), str(small_artifact)]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    given = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "timeout": 240}
    answer = subprocess.run(line, check=False, **given)  # type: ignore[call-overload]
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip().splitlines()[-1] == ANSWERS[number]
