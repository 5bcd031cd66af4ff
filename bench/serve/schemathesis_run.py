"""Ask `f2p-deploy serve` whatever its OpenAPI document allows, and what it forbids, with Schemathesis.

    python bench/serve/schemathesis_run.py --cases 10000 -o bench/results/serve_schemathesis.json

Every answer must be of a documented status, content type, schema and headers, no answer a bug (500), what the document
forbids must be refused, and other methods must be 405 with `Allow`. That what the document allows is accepted is
not asked of the two addresses that take characters and photos: which controllers there are is a matter of the bundle,
and not every file is a photo. A quarter of the valid requests to draw carries a real character
(schemathesis_hooks.py), so that the network runs, too. Exit code 1 if something is found.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import date
from pathlib import Path

import httpx
from load import SERVE, memory_mb, running

HERE = Path(__file__).resolve().parent

#: As in tests/service/test_schemathesis.py, and another seed's cases with each seed.
WORDS = (
    *("--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-color", "--generation-database", "none"),
    *("--exclude-checks", "positive_data_acceptance", "--request-timeout", "60"),
)

#: Addresses with bodies; the others take no input, so that few different requests to them exist.
_WITH_BODIES = 2


def main() -> None:
    """Ask, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=10_000, metavar="N", help="About so many requests.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--out", type=Path, metavar="FILE")
    words = parser.parse_args()
    began = time.perf_counter()
    with running(SERVE) as (address, process), tempfile.TemporaryDirectory() as folder:
        each = str(max(1, words.cases // _WITH_BODIES))
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json", *WORDS, "-n", each]
        command += ["--seed", str(words.seed)]
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": str(HERE / "schemathesis_hooks.py")}
        done = subprocess.run(command, cwd=folder, env=environment, check=False)
        metrics = httpx.get(f"{address}/metrics").text
        memory = memory_mb(process.pid)
    statuses: Counter[str] = Counter()
    for line in metrics.splitlines():
        if line.startswith("f2p_requests_total{"):
            labels, _, count = line.partition("} ")
            if 'route="/readyz"' not in labels:
                statuses[labels.split('status="')[1].split('"')[0]] += int(float(count))
    facts = {
        "date": date.today().isoformat(),
        "command": f"python bench/serve/schemathesis_run.py {shlex.join(sys.argv[1:])}",
        "seconds": round(time.perf_counter() - began, 1),
        "requests": sum(statuses.values()),
        "statuses": dict(sorted(statuses.items())),
        "findings": done.returncode,
        "memory_mb": memory,
    }
    print(json.dumps(facts))
    if words.out is not None:
        words.out.write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
