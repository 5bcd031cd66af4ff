"""Measure the editor's server: seconds until the first picture, and milliseconds from a moved slider to its picture.

    python bench/editor_latency.py --threads 1 2 -o bench/results/editor_latency.json -- --offline

For each number of threads it starts `f2p-deploy edit --no-browser` with the words after `--`, and asks as the page
does: one connection that stays open, one draw at a time, each with another slider moved. Of each draw the whole request
is timed, and the same draw by the runtime alone, in turns, so that other load on the machine affects both. The server's
processor time per draw depends less on that.
"""

import argparse
import http.client
import json
import os
import shlex
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np

from f2p_deploy.character.parameters import Parameters, average
from f2p_deploy.cli.options import open_source
from f2p_deploy.evaluation.speed.device import describe_device
from f2p_deploy.runtimes import graph_calls


def main() -> None:
    """Measure, print, and write."""
    words = _words()
    device, begun, rows = describe_device(max(words.threads)), time.perf_counter(), []
    for threads in words.threads:
        command = [sys.executable, "-m", "f2p_deploy.cli", "edit", "--no-browser", "--threads", str(threads)]
        pipe, started = subprocess.PIPE, time.perf_counter()
        with subprocess.Popen([*command, *words.words], stdout=pipe, stderr=pipe, text=True) as server:
            try:
                rows.append({"threads": threads, **measure(server, started, words.draws, threads)})
            finally:
                server.kill()
        for name, value in rows[-1].items():
            print(f"{name:24} {value}")
    if words.out is not None:
        facts = {"date": date.today().isoformat(), "seconds": time.perf_counter() - begun, "device": device}
        line = f"python bench/editor_latency.py {shlex.join(sys.argv[1:])}"
        words.out.write_text(json.dumps({"command": line, **facts, "rows": rows}, indent=1) + "\n", "utf-8")


def measure(server: "subprocess.Popen[str]", begun: float, draws: int, threads: int) -> dict[str, Any]:
    """Return the measurements of a server that has just been started."""
    assert server.stdout is not None and server.stderr is not None
    address = urlsplit(server.stdout.readline().strip())
    row: dict[str, Any] = {"address_s": round(time.perf_counter() - begun, 2)}
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    entered = ask(connection, "GET", f"/?{address.query}")
    cookie = {"Cookie": entered.headers["set-cookie"].split(";")[0]}
    session = json.loads(ask(connection, "GET", "/api/session", headers=cookie).content)
    row["session_s"] = round(time.perf_counter() - begun, 2)
    runtime = open_source(None, None, "auto", threads, prefer_artifact=True)  # of the same bundle, for comparison
    if runtime.schema.fingerprint != session["schema"]["fingerprint"]:
        raise SystemExit("the comparison is with the demo bundle: leave out --bundle and --artifact")
    face = average(runtime.schema)
    began = time.perf_counter()
    ask(connection, "POST", "/api/draw", face.values.astype("<f4").tobytes(), cookie)
    row["first_draw_s"] = round(time.perf_counter() - began, 3)
    graph_calls.render(runtime, face)
    while not server.stderr.readline().startswith("Landmarks"):  # everything else is loaded then
        pass
    over_http, alone = [], []
    random, before = np.random.default_rng(0), processor_seconds(server.pid)
    for _ in range(draws):
        values = face.values.copy()
        values[random.integers(runtime.schema.n_c)] = random.random()
        began = time.perf_counter()
        answer = ask(connection, "POST", "/api/draw", values.astype("<f4").tobytes(), cookie)
        over_http.append(time.perf_counter() - began)
        began = time.perf_counter()
        picture = graph_calls.render(runtime, Parameters(runtime.schema, values))
        alone.append(time.perf_counter() - began)
        if answer.status != 200 or answer.content != picture.tobytes():
            raise SystemExit("the server's picture is another than the runtime's")
    used = processor_seconds(server.pid) - before
    row |= {"computed_by": session["computedBy"], "draws": draws, "load_average": os.getloadavg()[0]}
    for name, seconds in (("http", over_http), ("runtime", alone)):
        row[f"{name}_median_ms"] = round(1e3 * float(np.median(seconds)), 2)
        row[f"{name}_p95_ms"] = round(1e3 * float(np.percentile(seconds, 95)), 2)
    row["server_processor_ms"] = round(1e3 * used / draws, 2)
    return row


def processor_seconds(process: int) -> float:
    """Return the seconds of processor time that a process has used so far, all threads together; Linux only."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Answer(NamedTuple):
    """The answer of a request."""

    status: int
    headers: http.client.HTTPMessage
    content: bytes


def ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """Send a request and read its answer."""
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    return Answer(answer.status, answer.headers, answer.read())


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("words", nargs="*", help="options of f2p-deploy edit, after --")
    parser.add_argument("--draws", type=int, default=200, metavar="N")
    parser.add_argument("--threads", type=int, nargs="+", default=[1], metavar="N", help="threads of each measurement")
    parser.add_argument("-o", "--out", type=Path, metavar="JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
