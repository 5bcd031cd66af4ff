"""Measure `f2p-deploy serve` under load, beside a FastAPI route that one writes in an afternoon.

    python bench/serve/load.py PHOTO --callers 1 4 16 64 --seconds 15 -o bench/results/serve_load.json

For each mode and server it starts the server, warms it up, and lets `hey` (Debian: apt install hey) ask with each
number of callers, who ask again as soon as they are answered. The load generator runs on the same machine. Servers take
turns: each is measured `--rounds` times, and the median of each number is kept.
"""

import argparse
import csv
import io
import json
import os
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

import httpx
import numpy as np

from f2p_deploy.evaluation.speed.device import describe_device
from f2p_deploy.system.threads import usable_cores

HERE = Path(__file__).parent


class Asked(NamedTuple):
    """The answers to a load: their seconds and statuses, and how long it took."""

    seconds: np.ndarray
    statuses: np.ndarray
    wall: float


def main() -> None:
    """Measure, print, and write."""
    words = _words()
    began, rows = time.perf_counter(), []
    servers = {
        "afternoon": [*AFTERNOON],
        "serve": [*SERVE, *shlex.split(words.serve)],
        "serve --no-batching": [*SERVE, "--no-batching", *shlex.split(words.serve)],
    }
    environment = {"F2P_ARTIFACT": str(words.artifact)} if words.artifact else {}
    if words.artifact:
        for name in ("serve", "serve --no-batching"):
            servers[name] += ["--artifact", str(words.artifact)]
    found: dict[tuple[str, str, int], list[dict[str, float]]] = {}
    for _ in range(words.rounds):
        for name in words.servers or servers:
            with running(servers[name], environment) as (address, process):
                for mode in words.modes:
                    form = form_of(words.photo, mode)
                    ask(address, form, 2, words.seconds / 5)
                    for callers in words.callers:
                        asked = ask(address, form, callers, words.seconds)
                        row = describe(asked) | {"memory_mb": memory_mb(process.pid)}
                        found.setdefault((mode, name, callers), []).append(row)
                        print(f"{mode:9} {name:20} {callers:3} callers: {row}", flush=True)
    for (mode, name, callers), each in found.items():
        median = {key: round(statistics.median(row[key] for row in each), 4) for key in each[0]}
        rows.append({"mode": mode, "server": name, "callers": callers, **median})
    if words.out is not None:
        facts = {"date": date.today().isoformat(), "seconds": time.perf_counter() - began}
        line = f"python bench/serve/load.py {shlex.join(sys.argv[1:])}"
        content = {"command": line, **facts, "device": describe_device(usable_cores()), "rows": rows}
        words.out.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


AFTERNOON = (
    sys.executable, "-m", "uvicorn", "--app-dir", str(HERE), "afternoon:app", "--log-level", "warning",
    "--no-access-log",
)
SERVE = (sys.executable, "-m", "f2p_deploy", "serve", "--offline", "--queue", "128")


@contextmanager
def running(
    command: Sequence[str], environment: dict[str, str] | None = None
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Run a server on a free port while a block runs; give its address once it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    line = [*command, "--port", str(port)]
    with tempfile.TemporaryFile() as log:
        # Every server finds faces with the built-in networks.
        variables = {name: value for name, value in os.environ.items() if name != "F2P_FACE_LANDMARKER"}
        process = subprocess.Popen(line, stdout=log, stderr=log, env={**variables, **(environment or {})})
        try:
            for _ in range(600):
                try:
                    if httpx.get(f"{address}/readyz").status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                if process.poll() is not None:
                    log.seek(0)
                    raise SystemExit(f"{shlex.join(line)} ended: {log.read().decode()}")
                time.sleep(0.1)
            yield address, process
        finally:
            process.terminate()
            process.wait(90)


class Body(NamedTuple):
    """A form's bytes and their type."""

    content: bytes
    kind: str


def form_of(photo: Path, mode: str) -> Body:
    """Return the form with a photo and a mode."""
    request = httpx.Request(
        "POST", "http://x", data={"mode": mode}, files={"photo": ("photo.jpg", photo.read_bytes(), "image/jpeg")}
    )
    return Body(request.read(), request.headers["content-type"])


def ask(address: str, form: Body, callers: int, seconds: float, rate: float | None = None) -> Asked:
    """Let `hey` ask for some seconds.

    Args:
        address: of the server.
        form: what is sent.
        callers: at a time.
        seconds: for how long.
        rate: requests per second of all callers together, at most; None for as many as are answered.
    """
    with tempfile.NamedTemporaryFile(suffix=".form") as file:
        file.write(form.content)
        file.flush()
        command = ["hey", "-z", f"{seconds:g}s", "-c", str(callers), "-m", "POST", "-D", file.name, "-T", form.kind]
        command += ["-t", "60", "-o", "csv", *([] if rate is None else ["-q", f"{rate / callers:.4f}"])]
        began = time.perf_counter()
        text = subprocess.run([*command, f"{address}/v1/characters"], capture_output=True, text=True, check=True).stdout
        wall = time.perf_counter() - began
    rows = list(csv.DictReader(io.StringIO(text)))
    return Asked(
        np.array([float(row["response-time"]) for row in rows]),
        np.array([int(row["status-code"]) for row in rows]),
        wall,
    )


def describe(asked: Asked) -> dict[str, float]:
    """Return the answered requests per second, and percentiles of their seconds."""
    good = asked.seconds[asked.statuses == 200]
    if not len(good):
        raise SystemExit(f"nothing was answered: {Counter(asked.statuses.tolist())}")
    p50, p95, p99 = (float(value) for value in np.percentile(good, (50, 95, 99)))
    return {
        "per_second": round(len(good) / asked.wall, 3),
        "p50_s": round(p50, 4),
        "p95_s": round(p95, 4),
        "p99_s": round(p99, 4),
        "answered": len(good),
        "refused": int((asked.statuses == 429).sum()),
        "failed": int((~np.isin(asked.statuses, (200, 429))).sum()),
    }


def memory_mb(process: int) -> float:
    """Return the resident memory of a process in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return round(int(line.split()[1]) / 1024, 1)


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--artifact", type=Path, help="the demo bundle's if not given")
    parser.add_argument("--servers", nargs="+", help="all if not given")
    parser.add_argument("--modes", nargs="+", default=["one-shot", "hybrid"])
    parser.add_argument("--callers", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--serve", default="", help="more words for f2p-deploy serve")
    parser.add_argument("-o", "--out", type=Path)
    words = parser.parse_args()
    if shutil.which("hey") is None:
        parser.error("hey is not installed: apt install hey")
    return words


if __name__ == "__main__":
    main()
