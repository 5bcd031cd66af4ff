"""Show that `f2p-deploy serve` keeps its memory flat, its bound under overload, and every caller's answer its own.

    python bench/serve/endurance.py memory PORTRAITS -o bench/results/serve_memory.json
    python bench/serve/endurance.py overload PORTRAITS -o bench/results/serve_overload.json
    python bench/serve/endurance.py cross-talk PORTRAITS -o bench/results/serve_cross_talk.json

PORTRAITS is a folder of photos with one face each. `memory` sends 10,000 photos and notes the resident memory after
each thousand. `overload` measures how many hybrids per second are answered, then asks for five times as many for two
minutes, and then for one at a time. `cross-talk` lets 8 callers send 500 photos each, all different, and compares every
answer, bit by bit, with that of the library in this process.
"""

import argparse
import io
import json
import shlex
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from load import SERVE, ask, describe, form_of, memory_mb, running
from PIL import Image, ImageEnhance

from f2p_deploy.alignment import NetworkFinder
from f2p_deploy.character.parameter_files import to_json
from f2p_deploy.evaluation.speed.device import describe_device
from f2p_deploy.pipeline.made_character import align_content
from f2p_deploy.runtimes import load, search
from f2p_deploy.system.threads import usable_cores
from f2p_deploy.training.data.portraits import list_photos

DEMO = Path(__file__).resolve().parents[2] / "f2p_deploy" / "bundles" / "demo"


def main() -> None:
    """Measure, print, and write."""
    words = _words()
    began = time.perf_counter()
    photos = list_photos([words.portraits])
    found = {"memory": memory, "overload": overload, "cross-talk": cross_talk}[words.what](photos, words)
    print(json.dumps(found, indent=1))
    if words.out is not None:
        facts = {"date": date.today().isoformat(), "seconds": time.perf_counter() - began}
        line = f"python bench/serve/endurance.py {shlex.join(sys.argv[1:])}"
        content = {"command": line, **facts, "device": describe_device(usable_cores()), **found}
        words.out.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def memory(photos: list[Path], words: argparse.Namespace) -> dict[str, Any]:
    """Return the resident memory after each tenth of the requests; the first tenth warms up."""
    rows = []
    contents = [photo.read_bytes() for photo in photos[:100]]
    with running(SERVE) as (address, process), ThreadPoolExecutor(8) as pool, httpx.Client(timeout=60) as client:

        def send(number: int) -> int:
            mode = ("one-shot", "hybrid")[number % 2]
            files = {"photo": contents[number % len(contents)]}
            data = {"mode": mode, "picture": "true" if number % 10 == 0 else "false"}
            return client.post(f"{address}/v1/characters", files=files, data=data).status_code

        part = max(1, words.requests // 10)
        for tenth in range(10):
            statuses = list(pool.map(send, range(tenth * part, (tenth + 1) * part)))
            rows.append({
                "requests": (tenth + 1) * part,
                "memory_mb": memory_mb(process.pid),
                "statuses": {str(status): statuses.count(status) for status in sorted(set(statuses))},
            })
            print(rows[-1], flush=True)
    first, last = rows[0]["memory_mb"], rows[-1]["memory_mb"]
    return {"rows": rows, "growth_percent": round(100 * (last / first - 1), 2)}


def overload(photos: list[Path], words: argparse.Namespace) -> dict[str, Any]:
    """Return the answers at the service's pace, at five times its pace, and afterwards."""
    form = form_of(photos[0], "hybrid")
    command = [word for word in SERVE if word not in ("--queue", "128")] + ["--queue", str(words.queue)]
    with running(command) as (address, process):
        ask(address, form, 4, 5)
        usual = ask(address, form, 8, words.seconds / 8)
        quick = 3 * float(np.median(ask(address, form, 1, 3).seconds))
        pace = float((usual.statuses == 200).sum() / usual.wall)
        with _asking_alone(address, form) as alone:
            asked = ask(address, form, 128, words.seconds, rate=5 * pace)
        ended = time.perf_counter()
        recovered = _seconds_until_quick(address, form, quick, ended)
        refused = asked.seconds[asked.statuses == 429]
        return {
            "per_second": round(pace, 2),
            "usual": describe(usual),
            "asked_per_second": round(len(asked.seconds) / asked.wall, 1),
            "accepted": describe(asked),
            "refused_p50_s": round(float(np.median(refused)), 4) if len(refused) else None,
            "refused_p99_s": round(float(np.percentile(refused, 99)), 4) if len(refused) else None,
            "refused_alone": len(alone),
            "refused_alone_p50_s": round(float(np.median(alone)), 4) if alone else None,
            "refused_alone_p99_s": round(float(np.percentile(alone, 99)), 4) if alone else None,
            "slowest_s": round(float(asked.seconds.max()), 3),
            "recovered_after_s": recovered,
            "memory_mb": memory_mb(process.pid),
        }


@contextmanager
def _asking_alone(address: str, form: Any) -> Iterator[list[float]]:
    """Ask from another caller, now and then, while a block runs; yield the seconds after which it was refused.

    The load generator's callers ask at the same moment, so that the last one hears of its refusal after all others.
    """
    refused: list[float] = []
    ended = threading.Event()

    def go_on() -> None:
        with httpx.Client(timeout=60) as client:
            while not ended.wait(0.1):
                began = time.perf_counter()
                answer = client.post(
                    f"{address}/v1/characters", content=form.content, headers={"content-type": form.kind}
                )
                if answer.status_code == 429:
                    refused.append(time.perf_counter() - began)

    caller = threading.Thread(target=go_on)
    caller.start()
    try:
        yield refused
    finally:
        ended.set()
        caller.join()


def _seconds_until_quick(address: str, form: Any, quick: float, ended: float) -> float:
    """Return the seconds after the overload until a request is answered as quickly as when nothing else runs."""
    headers = {"content-type": form.kind}
    while True:
        began = time.perf_counter()
        answer = httpx.post(f"{address}/v1/characters", content=form.content, headers=headers, timeout=60)
        if answer.status_code == 200 and time.perf_counter() - began <= quick:
            return round(began - ended, 3)


def cross_talk(photos: list[Path], words: argparse.Namespace) -> dict[str, Any]:
    """Return how many answers were their caller's own."""
    runtime, finder = load(DEMO, "onnxruntime", threads=1), NetworkFinder()
    callers, each = 8, words.each

    def photo(caller: int, number: int) -> bytes:
        stream = io.BytesIO()
        with Image.open(photos[number % len(photos)]) as picture:
            changed = ImageEnhance.Brightness(picture.convert("RGB")).enhance(0.8 + 0.04 * caller + 0.0004 * number)
        changed.save(stream, "JPEG", quality=90)
        return stream.getvalue()

    def expected(content: bytes) -> dict[str, Any] | None:
        try:
            face = align_content(content, "photo", finder, runtime.settings)
        except Exception:
            return None
        made = search.generate(runtime, face.image, "hybrid", shape=face.landmarks.shape)
        return dict(to_json(made.parameters))

    counts = {"own": 0, "refused as expected": 0, "wrong": 0, "lost": 0}
    lock = threading.Lock()

    def call(send: Callable[[bytes], httpx.Response], caller: int) -> None:
        for number in range(each):
            content = photo(caller, number)
            answer = send(content)
            wanted = expected(content)
            if answer.status_code == 200:
                kind = "own" if answer.json()["parameters"] == wanted else "wrong"
            else:
                kind = "refused as expected" if wanted is None and answer.status_code == 422 else "lost"
            with lock:
                counts[kind] += 1

    with running(SERVE) as (address, _), httpx.Client(timeout=120) as client:

        def send(content: bytes) -> httpx.Response:
            return client.post(f"{address}/v1/characters", files={"photo": content}, data={"mode": "hybrid"})

        with ThreadPoolExecutor(callers) as pool:
            list(pool.map(lambda caller: call(send, caller), range(callers)))
    return {"callers": callers, "photos_each": each, **counts}


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("memory", "overload", "cross-talk"))
    parser.add_argument("portraits", type=Path)
    parser.add_argument("--requests", type=int, default=10_000, help="of memory")
    parser.add_argument("--seconds", type=float, default=120.0, help="of overload")
    parser.add_argument("--queue", type=int, default=32, help="of the service under overload")
    parser.add_argument("--each", type=int, default=500, help="photos of each caller of cross-talk")
    parser.add_argument("-o", "--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
