"""The rows of a report: all of it survives JSON."""

import json

from f2p_deploy.evaluation.speed.rows import Ceiling, Row, SpeedReport

PARITY = {"share": 0.5, "graph": "render", "metric": "PSNR dB", "value": 70.0, "floor": 60.0, "passed": True}


def test_a_report_comes_back_from_json() -> None:
    whole = Row("render", "torch", "fp32", 2, "ok", device="a CPU", median_ms=4.0, windows=True, parity=PARITY, flops=9)
    bare = Row("render", "torch.compile", "", 2, "skipped", "it takes long")
    ceilings = (Ceiling("fp32", 1e9, 1e10),)
    report = SpeedReport("2026-01-01", {"cores": 2}, {"name": "b"}, "f2p-deploy bench", 1.5, (whole, bare), ceilings)
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    rows = tuple(Row(**row) for row in data.pop("rows"))
    again = SpeedReport(**data | {"rows": rows, "ceilings": tuple(Ceiling(**each) for each in data["ceilings"])})
    assert again == report


def test_what_was_not_measured_is_null_and_not_zero() -> None:
    row = SpeedReport("", {}, {}, "", 0.0, (Row("render", "torch", "", 1, "failed", "why"),)).to_dict()["rows"][0]
    times = ("median_ms", "p95_ms", "windows", "load_ms", "first_ms", "faces_per_s", "vs_eager")
    assert all(row[name] is None for name in (*times, "memory_mb", "parity", "flops", "bytes", "share_of_ceiling"))
    assert row["calls"] == 0
