"""A whole benchmark on the small bundle: rows, parity and reasons; no measured time is judged."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxsim")
torch = pytest.importorskip("torch")

from f2p_deploy.alignment.sample_faces import Faces  # noqa: E402
from f2p_deploy.artifact.artifact import Artifact, read_artifact  # noqa: E402
from f2p_deploy.evaluation.speed import (  # noqa: E402
    Request,
    Row,
    SpeedReport,
    contenders,  # noqa: E402
)
from f2p_deploy.evaluation.speed import measure_speed as runs  # noqa: E402
from f2p_deploy.evaluation.speed.measure_speed import run_benchmark, summary  # noqa: E402
from f2p_deploy.evaluation.speed.request import SEARCHES, timed_modes  # noqa: E402
from f2p_deploy.export import export_bundle  # noqa: E402
from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.system.errors import InputError, MissingDependency  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def quick() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("f2p_deploy.evaluation.speed.windows.SPINNING", 0.0)
        patch.setattr("f2p_deploy.evaluation.speed.windows.LONGEST", 0.0)
        patch.setattr("f2p_deploy.evaluation.speed.roofline.SECONDS", 0.02)
        patch.setitem(runs.measure_ceilings.__globals__["EDGE"], "cpu", 256)
        patch.setitem(runs.measure_ceilings.__globals__["COPIED"], "cpu", 1 << 22)
        yield


@pytest.fixture(scope="module")
def report(fast_bundle: Bundle, fast_artifact: Artifact) -> SpeedReport:
    # torch.compile needs a C++ compiler and half a minute; the limit skips it. This bundle's searches are short.
    request = Request(timed_modes(False), artifacts=(fast_artifact.folder,), threads=1, device="cpu", limit=1e-6)
    return run_benchmark(fast_bundle, request, "f2p-deploy bench")


def rows(report: SpeedReport, mode: str) -> dict[str, Row]:
    return {row.runtime: row for row in report.rows if row.mode == mode}


@pytest.mark.parametrize("mode", timed_modes(False))
def test_every_runtime_is_timed_and_compared(report: SpeedReport, mode: str) -> None:
    found = rows(report, mode)
    assert list(found)[0] == "torch" and found["torch"].vs_eager == 1.0
    for name in ("torch", "onnxruntime", "openvino"):
        row = found[name]
        assert (row.status, row.why, row.precision, row.batch) == ("ok", "", "fp32", 1), name
        assert row.median_ms and row.p95_ms and row.median_ms <= row.p95_ms and row.calls >= 3
        assert row.first_ms and row.load_ms is not None and row.memory_mb is not None
        assert row.faces_per_s == pytest.approx(1000.0 / row.median_ms)
        assert row.parity and row.parity["passed"] and row.parity["share"] < 1
        assert row.flops and row.bytes and row.share_of_ceiling
    assert found["torch"].parity["share"] < 1e-6, "eager PyTorch is what is compared with"  # type: ignore[index]


def test_searches_show_how_alike_their_characters_are(report: SpeedReport) -> None:
    for row in report.rows:
        if row.status == "ok":
            assert (row.loss is not None) == (row.likeness is not None) == (row.mode in SEARCHES)
    exact, runtime = (rows(report, "iterative")[name] for name in ("torch", "onnxruntime"))
    assert runtime.loss == pytest.approx(exact.loss, rel=0.02) and -1.0 <= exact.likeness <= 1.0


def test_searches_through_the_shortcut_are_timed_beside_the_exact_ones(
    fast_bundle: Bundle, fast_artifact: Artifact
) -> None:
    modes = ("iterative-fast", "hybrid-fast")
    request = Request(modes, runtimes=("onnxruntime",), artifacts=(fast_artifact.folder,), threads=1, device="cpu")
    report = run_benchmark(fast_bundle, request, "f2p-deploy bench")
    for mode in modes:
        found = rows(report, mode)
        assert list(found) == ["torch", "onnxruntime"] and {row.status for row in found.values()} == {"ok"}
        assert found["onnxruntime"].parity["graph"] in ("step", "step_fast")
        assert found["onnxruntime"].loss is not None and found["onnxruntime"].flops < 1e9


def test_without_a_shortcut_nothing_is_fast(small_bundle: Bundle, surrogate_bundle: Bundle) -> None:
    sentences = {"train shortcut --bundle .* makes it": small_bundle, "all its searches are fast": surrogate_bundle}
    for sentence, bundle in sentences.items():
        with pytest.raises(InputError, match=sentence):
            run_benchmark(bundle, Request(("hybrid-fast",), device="cpu"), "f2p-deploy bench")


def test_skipped_and_failed_contenders_have_a_reason(report: SpeedReport) -> None:
    found = rows(report, "one-shot")
    assert found["torch.compile"].status == "skipped" and "beyond the limit" in found["torch.compile"].why
    if not torch.cuda.is_available():
        assert found["torch-captured-fp16"].status == "skipped" and "NVIDIA card" in found["torch-captured-fp16"].why
    assert rows(report, "render")["onnx-naive"].status == "ok"
    naive = rows(report, "iterative")["onnx-naive"]
    sentence = r"torch\.onnx\.export of PyTorch \S+ failed; --verbose shows what it said"
    assert naive.status == "failed" and re.fullmatch(sentence, naive.why)


def test_the_report_is_whole(report: SpeedReport) -> None:
    data = report.to_dict()
    assert data["bundle"]["name"] == "fast" and data["device"]["computes"] == "cpu"
    assert {c["precision"] for c in data["ceilings"]} >= {"fp32"}
    assert set(summary(report)) == {f"{mode}, batch 1" for mode in timed_modes(False)}


def test_a_wrong_face_has_status_parity(
    small_bundle: Bundle, small_artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute = contenders._compute
    monkeypatch.setattr(
        contenders, "_compute", lambda *given: {k: v[..., ::-1].copy() for k, v in compute(*given).items()}
    )
    request = Request(("render",), runtimes=("onnxruntime",), artifacts=(small_artifact,), device="cpu", threads=1)
    found = rows(run_benchmark(small_bundle, request, ""), "render")
    assert list(found) == ["torch", "onnxruntime"]
    assert found["onnxruntime"].status == "parity" and "the floor 60" in found["onnxruntime"].why
    assert found["onnxruntime"].median_ms, "what is fast at something else is still shown, as that"


def test_one_wrong_step_is_seen_in_a_search(
    small_bundle: Bundle, small_artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from f2p_deploy.runtimes.onnxruntime.onnx_runtime import OnnxRuntime

    compute = OnnxRuntime._compute

    def wrong(self: OnnxRuntime, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        found = compute(self, graph, inputs)
        if graph == "step":
            found["next_state"] = 2 * inputs["state"] - found["next_state"]
        return found

    monkeypatch.setattr(OnnxRuntime, "_compute", wrong)
    request = Request(("iterative",), runtimes=("onnxruntime",), artifacts=(small_artifact,), device="cpu", threads=1)
    row = rows(run_benchmark(small_bundle, request, ""), "iterative")["onnxruntime"]
    assert row.status == "parity"


def test_each_batch_size_has_its_artifact(
    small_bundle: Bundle,
    small_artifact: Path,
    small_faces: Faces,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    exporting: Callable,
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(small_artifact, tmp_path / "build" / "small" / "onnx")  # where an export leaves it
    monkeypatch.setattr("f2p_deploy.evaluation.speed.prepare.default_faces", lambda bundle: small_faces)
    monkeypatch.setattr(
        "f2p_deploy.evaluation.speed.prepare.export_bundle",
        lambda *given, **named: export_bundle(*given, faces=small_faces, **named),
    )
    request = Request(("one-shot",), (1, 2), ("onnxruntime",), threads=1, device="cpu")
    with exporting("one_shot"):
        report = run_benchmark(small_bundle, request, "")
    assert [(row.batch, row.runtime, row.status) for row in report.rows] == [
        (1, "torch", "ok"),
        (1, "onnxruntime", "ok"),
        (2, "torch", "ok"),
        (2, "onnxruntime", "ok"),
    ]
    assert not Path("build/small/bench/onnx-batch-1").exists(), "an export that fits is used"
    folder = Path("build/small/bench/onnx-batch-2")
    before = (folder / "manifest.json").stat().st_mtime_ns
    assert read_artifact(folder).manifest.batch == 2
    run_benchmark(small_bundle, request, "")
    assert (folder / "manifest.json").stat().st_mtime_ns == before, "an artifact that fits is used again"


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"runtimes": ("onnxruntme",)}, InputError, "no runtime named 'onnxruntme'"),
        ({"batches": (4,)}, InputError, "was exported for batches of 1"),
        ({"device": "cuda"}, MissingDependency, "can use no NVIDIA card"),
    ],
)
def test_mistakes_are_found_before_anything_is_measured(
    small_bundle: Bundle, small_artifact: Path, change: dict, error: type[Exception], words: str
) -> None:
    if torch.cuda.is_available() and "cuda" in str(change):
        pytest.skip("there is a card")
    request = Request(**{"artifacts": (small_artifact,), "device": "cpu", **change})
    with pytest.raises(error, match=words):
        run_benchmark(small_bundle, request, "")
