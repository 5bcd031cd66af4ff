"""`bench`: table, JSON object and exit codes; no measured time is judged."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("onnxsim")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("f2p_deploy.evaluation.speed.windows.SPINNING", 0.0)
    monkeypatch.setattr("f2p_deploy.evaluation.speed.windows.LONGEST", 0.0)
    monkeypatch.setattr("f2p_deploy.evaluation.speed.roofline.SECONDS", 0.02)


@pytest.fixture
def words(small_artifact: Path, small_bundle: object) -> list[str]:
    """The options that name the small bundle, its artifact, and a runtime."""
    bundle = str(small_bundle.path)  # type: ignore[attr-defined]
    return ["--bundle", bundle, "--artifact", str(small_artifact), "--runtime", "onnxruntime", "--device", "cpu"]


def test_the_table_and_what_it_ran_on(f2p: Callable, words: list[str], tmp_path: Path) -> None:
    ran = f2p("bench", "--mode", "one-shot", *words, "--threads", 1, "-o", tmp_path / "bench.json")
    assert ran.code == 0
    assert "onnxruntime 1" in ran.out and "bundle small" in ran.out
    lines = ran.out.splitlines()
    start = lines.index("one-shot, batches of 1:")
    header, first, second = [line.split() for line in lines[start + 1 : start + 4]]
    assert header[:3] == ["runtime", "precision", "status"]
    assert first[:3] == ["torch", "fp32", "ok"] and second[0] == "onnxruntime"
    assert max(map(len, lines[start : lines.index("", lines.index("", start) + 1)])) <= 80
    assert "GFLOP/s in a large matrix product" in ran.out and (tmp_path / "bench.json").is_file()


def test_skipped_contenders_are_named_below_the_table_only(f2p: Callable, words: list[str]) -> None:
    words = [*words[:-4], "--runtime", "onnxruntime,torch-captured", *words[-2:]]
    ran = f2p("bench", "--mode", "one-shot", *words)
    lines = [line for line in ran.out.splitlines() if "torch-captured" in line]
    assert len(lines) == 1 and lines[0].startswith("torch-captured: skipped (a CUDA graph needs an NVIDIA card")


def test_json_is_one_object_with_the_documented_fields(f2p: Callable, words: list[str]) -> None:
    found = f2p("bench", "--mode", "render,describe", *words, "--json").json
    assert [row["mode"] for row in found["rows"]] == ["render", "render", "describe", "describe"]
    needed = {"mode", "runtime", "precision", "batch", "status", "median_ms", "p95_ms", "vs_eager", "parity"}
    assert needed <= set(found["rows"][0]) and found["device"]["computes"] == "cpu"
    again = "f2p-deploy bench --mode render,describe --batch 1 --runtime onnxruntime --bundle"
    assert found["command"].startswith(again)


def test_floors(f2p: Callable, words: list[str], tmp_path: Path) -> None:
    floors = tmp_path / "floors.toml"
    floors.write_text('[[floor]]\nruntime = "onnxruntime"\nvs_eager = 1e-6\n')
    assert f2p("bench", "--mode", "one-shot", *words, "--check", floors).code == 0
    floors.write_text('[[floor]]\nruntime = "onnxruntime"\nvs_eager = 1e6\n')
    ran = f2p("bench", "--mode", "one-shot", *words, "--check", floors)
    assert ran.code == 1 and "vs_eager of onnxruntime at least 1e+06: one-shot, onnxruntime, fp32, batch 1" in ran.err
    assert "one-shot" in ran.out, "the table is still printed"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["--mode", "iteratve"], "no mode named 'iteratve'. Did you mean 'iterative'"),
        (["--batch", "1,two"], "--batch takes whole numbers separated by commas, found '1,two'"),
        (["--batch", "3"], "was exported for batches of 1, and batches of 3 are to be measured"),
        (["--check", "nothing.toml"], "cannot read nothing.toml"),
    ],
)
def test_mistakes_are_code_2(f2p: Callable, words: list[str], given: list[str], sentence: str) -> None:
    ran = f2p("bench", *words, *given)
    assert ran.code == 2 and sentence in ran.err and ran.out == ""


def test_a_runtime_that_is_not_here_is_code_3(f2p: Callable, small_artifact: Path, small_bundle: object) -> None:
    from f2p_deploy.runtimes import RUNTIMES

    if not RUNTIMES["onnxruntime-cuda"].why_not_here():
        pytest.skip("onnxruntime-gpu is installed")
    bundle = small_bundle.path  # type: ignore[attr-defined]
    ran = f2p("bench", "--bundle", bundle, "--artifact", small_artifact, "--runtime", "onnxruntime-cuda")
    assert ran.code == 3 and "the runtime 'onnxruntime-cuda' cannot run here" in ran.err


def test_a_plot(f2p: Callable, words: list[str], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    ran = f2p("bench", "--mode", "one-shot", *words, "--plot", tmp_path / "latency.png")
    assert ran.code == 0 and f"written: {tmp_path / 'latency.png'}" in ran.out
    assert (tmp_path / "latency.png").stat().st_size > 10_000
