"""The pages of docs/ that describe formats and interfaces: nothing is missing from them, and what they show runs."""

import os
import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from f2p_deploy.artifact.golden import GoldenTrajectory
from f2p_deploy.artifact.manifest import FORMAT_VERSION, FileRecord, GraphEntry, Manifest, Parity, TensorSpec
from f2p_deploy.export.targets import TARGETS
from f2p_deploy.runtimes.hardware import KEYS

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


def table_keys(page: str, heading: str) -> set[str]:
    """Return the code words in the first column of the tables below a heading."""
    text = (DOCS / page).read_text(encoding="utf-8")
    section = re.split(r"^#+ ", text.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    return {
        word for row in re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE) for word in re.findall(r"`(\w+)`", row)
    }


def names(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("manifest.json", names(Manifest) | {"format", "parity_records", "digest"}),
        ("A graph", names(GraphEntry)),
        ("A tensor", names(TensorSpec)),
        ("A file", names(FileRecord)),
        ("A measurement", names(Parity) | {"passed"}),
    ],
)
def test_the_reference_names_every_field_and_no_other(heading: str, expected: set[str]) -> None:
    assert table_keys("artifact.md", heading) == expected


def test_the_reference_names_the_version_the_hardware_and_the_golden_vectors() -> None:
    text = (DOCS / "artifact.md").read_text(encoding="utf-8")
    assert f"version of this format, now {FORMAT_VERSION};" in text
    assert set(KEYS) <= table_keys("artifact.md", "hardware")
    assert all(f"trajectory.{name}" in text for name in names(GoldenTrajectory))


def test_every_target_is_described() -> None:
    text = (DOCS / "targets.md").read_text(encoding="utf-8")
    assert not [name for name in TARGETS if f"`{name}`" not in text]


def test_every_operator_is_listed() -> None:
    pytest.importorskip("torch")
    from f2p_deploy.export.gradient.lower_gradient import OPERATORS

    text = (DOCS / "gradient-step.md").read_text(encoding="utf-8")
    listed = text.split("names it:\n\n")[1].split(".\n\n")[0]
    assert {word.strip() for word in listed.replace("\n", " ").split(",")} == OPERATORS


def run_block(page: str, artifact: Path) -> dict[str, Any]:
    """Run a page's Python block on another artifact; return its variables."""
    (block,) = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    variables: dict[str, Any] = {}
    exec(compile(block.replace("build/demo/onnx", str(artifact)), page, "exec"), variables)  # noqa: S102
    return variables


def test_the_loop_on_the_page_is_pytorchs(small_artifact: Path, small_bundle: Any) -> None:
    torch = pytest.importorskip("torch")
    from f2p_deploy.model.reference import reference_iterate

    found = run_block("gradient-step.md", small_artifact)
    expected = reference_iterate(small_bundle, torch.from_numpy(found["face"]))
    losses, theirs = np.array([loss for loss, _ in found["tried"]]), expected.losses[:, 0]
    assert losses.shape == theirs.shape == (1 + small_bundle.settings.iterative.iterations,)
    apart = np.abs(losses - theirs) / theirs
    assert apart[:8].max() < 1e-4 and apart.max() < 1e-2  # iterating amplifies rounding
    assert np.abs(found["parameters"] - expected.parameters[0])[: found["n_c"]].max() < 1e-2
    assert found["picture"].shape == (1, 3, 128, 128)


CPP_MAIN = """
#include <fstream>
static std::vector<float> read(const std::string& name) {
  std::ifstream file(name, std::ios::binary | std::ios::ate);
  std::vector<float> values(static_cast<size_t>(file.tellg()) / sizeof(float));
  file.seekg(0).read(reinterpret_cast<char*>(values.data()), values.size() * sizeof(float));
  return values;
}
int main(int, char** words) {
  Ort::Env env;
  Ort::SessionOptions options;
  Ort::Session step(env, words[1], options);
  auto identity = read("identity"), content = read("content"), locked = read("locked");
  const auto shape = step.GetInputTypeInfo(3).GetTensorTypeAndShapeInfo().GetShape();
  const Settings settings{6, 2, 0.5f, 0.2f, 0.6f, 20.0f, 0.5f};
  const auto found = iterate(step, read("state"), identity, content, shape, locked, settings);
  std::ofstream("found", std::ios::binary).write(reinterpret_cast<const char*>(found.data()), found.size() * 4);
}
"""


def test_the_cpp_on_the_page_takes_the_same_steps(small_artifact: Path, tmp_path: Path) -> None:
    import onnxruntime

    from f2p_deploy.runtimes import load

    headers = Path(os.environ.get("F2P_ONNXRUNTIME_INCLUDE") or "/usr/include/onnxruntime")
    compiler = shutil.which("c++")
    if compiler is None or not (headers / "onnxruntime_cxx_api.h").is_file():
        pytest.skip(f"no C++ compiler, or no ONNX Runtime headers in {headers}: set F2P_ONNXRUNTIME_INCLUDE")
    (library,) = Path(onnxruntime.__file__).parent.glob("capi/libonnxruntime.so*")
    (block,) = re.findall(r"```cpp\n(.*?)```", (DOCS / "gradient-step.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "loop.cpp").write_text(block + CPP_MAIN)
    linked = tmp_path / "libonnxruntime.so.1"  # the name that it has for itself
    linked.symlink_to(library)
    line = [compiler, "-std=c++17", "-Wall", "-Werror", f"-I{headers}", "loop.cpp", str(linked), "-o", "loop"]
    subprocess.run([*line, f"-Wl,-rpath,{tmp_path}"], cwd=tmp_path, check=True)

    runtime = load(small_artifact)
    golden = runtime.artifact.golden()
    identity, content = runtime.describe(golden["one_shot.face"][:1])
    state = np.array([runtime.artifact.manifest.first_state], np.float32)
    locked = np.zeros(runtime.schema.n, np.float32)
    locked[2] = 1.0
    for name, value in {"state": state, "identity": identity, "content": content, "locked": locked}.items():
        value.tofile(tmp_path / name)
    subprocess.run(["./loop", str(runtime.artifact.path("step"))], cwd=tmp_path, check=True)
    before, given = state, {"momentum": 0.6, "beta": 20.0, "discrete_rate": 0.5, "locked": locked > 0}
    for i in range(6):
        found = runtime.step(state, identity, content, 0.5 * 0.8 ** (i // 2), before=before, **given)
        before, state = state, found.next_state
    np.testing.assert_allclose(np.fromfile(tmp_path / "found", np.float32), state[0], atol=1e-4)


def test_the_golden_vectors_on_the_page(small_artifact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_block("artifact.md", small_artifact)
    assert float(capsys.readouterr().out) < 1e-4
