"""Send thousands of hostile uploads to `f2p-deploy serve`: each gets its code, and the service stays up and small.

    python bench/serve/hostile_uploads.py --cases 2000 -o bench/results/serve_hostile.json

Half of the conversations send a photo: cut, damaged, mixed, far too large, of every format that Pillow writes. A
quarter are damaged forms, and a quarter is no proper HTTP: lies about lengths, broken chunks, slow and half-closed
connections (tests/fuzz; a seed repeats a conversation). Meanwhile /readyz is asked again and again, and the memory of
the process is read. Every answer must be of an expected status and a problem with that status. Exit code 1 if
something is wrong.
"""

import argparse
import json
import shlex
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import httpx
import numpy as np
from load import SERVE, memory_mb, running
from skimage import data

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "fuzz"))

from hostile_photos import pictures  # noqa: E402
from hostile_talk import Heard, Talk, hold, talk  # noqa: E402


class Watch:
    """Asks `/readyz` and reads the memory of a process until it is told to stop."""

    def __init__(self, address: str, process: int) -> None:
        self._address, self._process = address, process
        self._ended = threading.Event()
        self.seconds: list[float] = []
        self.memory: list[float] = []
        self.failed = 0
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(0.2):
            began = time.perf_counter()
            try:
                ready = httpx.get(f"{self._address}/readyz", timeout=30).status_code == 200
            except httpx.TransportError:
                ready = False
            self.failed += not ready
            self.seconds.append(time.perf_counter() - began)
            self.memory.append(memory_mb(self._process))

    def stop(self) -> None:
        """End."""
        self._ended.set()
        self._thread.join()


def main() -> None:
    """Send, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=2000, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="The first conversation's seed.")
    parser.add_argument("--callers", type=int, default=4, metavar="N", help="Conversations at a time.")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE")
    words = parser.parse_args()
    shown = pictures(np.ascontiguousarray(data.astronaut()[:320, 80:400]))
    began, wrong = time.perf_counter(), []
    kinds: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    slowest: tuple[float, int] = (0.0, 0)
    with running(SERVE) as (address, process):
        port = int(address.rsplit(":", 1)[1])
        before = memory_mb(process.pid)
        watch = Watch(address, process.pid)

        def one(seed: int) -> tuple[int, Talk, Heard]:
            said = talk(seed, shown)
            return seed, said, hold(said, port)

        with ThreadPoolExecutor(words.callers) as pool:
            for seed, said, heard in pool.map(one, range(words.first, words.first + words.cases)):
                kinds[said.kind] += 1
                statuses.update(map(str, heard.statuses or ("closed",)))
                slowest = max(slowest, (round(heard.seconds, 2), seed))
                if heard.wrong:
                    wrong.append({"seed": seed, "kind": said.kind, "what": heard.wrong})
                    print(json.dumps(wrong[-1]), flush=True)
                if (seed + 1) % 200 == 0:
                    rate = (seed + 1 - words.first) / (time.perf_counter() - began)
                    print(f"{seed + 1}: {watch.memory[-1]:.0f} MB, {rate:.1f} a second", flush=True)
        watch.stop()
        time.sleep(2.0)
        after, alive = memory_mb(process.pid), process.poll() is None
    facts = {
        "date": date.today().isoformat(),
        "command": f"python bench/serve/hostile_uploads.py {shlex.join(sys.argv[1:])}",
        "seconds": round(time.perf_counter() - began, 1),
        "conversations": words.cases,
        "callers": words.callers,
        "kinds": dict(sorted(kinds.items())),
        "statuses": dict(sorted(statuses.items())),
        "slowest_seconds_and_seed": slowest,
        "ready_asked": len(watch.seconds),
        "ready_failed": watch.failed,
        "ready_seconds": {"median": round(float(np.median(watch.seconds)), 4), "max": round(max(watch.seconds), 3)},
        "memory_mb": {"before": before, "largest": max(watch.memory), "after": after},
        "alive": alive,
        "wrong": wrong,
    }
    print(json.dumps(facts))
    if words.out is not None:
        words.out.write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    sys.exit(bool(wrong) or not alive or bool(watch.failed))


if __name__ == "__main__":
    main()
