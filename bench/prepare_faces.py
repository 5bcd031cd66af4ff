"""Memory and time of preparing many photos for training: found, aligned, labelled and cached.

    python bench/prepare_faces.py portraits portraits_small --count 20000 --landmarker FILE.task --work build/faces

Writes varied copies of the photos (cut, turned a little, mirrored, darker or brighter, stored again as JPEG), prepares
them, and reads random batches from the cache. Memory is sampled twice a second (Linux): that of this process, and that
of its worker processes together, without the pages of the cache, which the system may drop. The peaks of every quarter
of the photos are given separately: memory that grows with the number of photos shows there.
"""

import argparse
import json
import os
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from f2p_deploy.alignment import choose_finder
from f2p_deploy.model.settings import AlignmentTemplate
from f2p_deploy.system.threads import usable_cores
from f2p_deploy.training.data.aligning import FinderProcesses
from f2p_deploy.training.data.portraits import list_photos, load_portraits

#: Seconds between two samples of the memory.
EVERY = 0.5

#: Parts of the photos whose peaks of memory are compared.
QUARTERS = 4


def vary(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return a varied copy of a photo."""
    width, height = photo.size
    left, top, right, bottom = rng.uniform(0.0, 0.06, 4) * (width, height, width, height)
    varied = photo.crop((int(left), int(top), int(width - right), int(height - bottom)))
    varied = varied.rotate(float(rng.uniform(-8, 8)), Image.Resampling.BILINEAR, fillcolor=(128, 128, 128))
    varied = ImageOps.mirror(varied) if rng.random() < 0.5 else varied
    return ImageEnhance.Brightness(varied).enhance(float(rng.uniform(0.75, 1.25)))


def write_photos(sources: list[Path], folder: Path, count: int) -> None:
    """Write varied copies that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        path = folder / f"photo-{i:06d}.jpg"
        if not path.exists():
            with Image.open(sources[i % len(sources)]) as photo:
                vary(photo.convert("RGB"), np.random.default_rng(i)).save(path, quality=88)


class Memory(threading.Thread):
    """The memory of this process and of its children over the time of a thread, by the photos that were done."""

    def __init__(self, photos: int) -> None:
        super().__init__(daemon=True)
        self.photos, self.done = photos, 0
        self.own: list[list[float]] = [[] for _ in range(QUARTERS)]
        self.workers: list[list[float]] = [[] for _ in range(QUARTERS)]
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(EVERY):
            quarter = min(QUARTERS - 1, QUARTERS * self.done // self.photos)
            children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
            self.own[quarter].append(anonymous_bytes(os.getpid()) / 1e9)
            self.workers[quarter].append(sum(anonymous_bytes(int(child)) for child in children) / 1e9)

    def progress(self, done: int, total: int) -> None:
        """Take the number of photos done, and say how it stands at each of a hundred parts."""
        self.done = done
        if done % max(1, total // 100) == 0:
            peaks = {"own": peaks_of(self.own), "workers": peaks_of(self.workers)}
            print(f"{done} of {total} photos, peaks in GB: {json.dumps(peaks)}", file=sys.stderr, flush=True)


def peaks_of(quarters: list[list[float]]) -> list[float]:
    """Return the largest sample of every quarter that has any."""
    return [round(max(samples), 3) for samples in quarters if samples]


def anonymous_bytes(process: int) -> int:
    """Return the memory of a process that is not backed by files, such as the cache's pages."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(("RssAnon", "RssShmem")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("portraits", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--landmarker", type=Path)
    parser.add_argument("--workers", type=int, default=usable_cores())
    parser.add_argument("--work", type=Path, required=True, help="folder of the copies and the cache")
    parser.add_argument("-o", "--out", type=Path)
    words = parser.parse_args()
    write_photos(list_photos(words.portraits), words.work / "photos", words.count)
    opener = partial(choose_finder, words.landmarker, None)
    memory = Memory(words.count)
    memory.start()
    began = time.perf_counter()
    made = load_portraits(
        [words.work / "photos"],
        opener(),
        AlignmentTemplate(),
        words.size,
        words.work / "faces",
        memory.progress,
        processes=FinderProcesses(words.workers, opener),
    )
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    rng = np.random.default_rng(0)
    for _ in range(100):
        made.images(rng.choice(len(made.names), 64, replace=False))
    batch = (time.perf_counter() - began) / 100
    memory.ended.set()
    memory.join()
    facts = {
        "photos": words.count,
        "faces": len(made.names),
        "size": words.size,
        "workers": words.workers,
        "seconds": round(seconds, 1),
        "photos_a_second": round(words.count / seconds, 1),
        "peak_gb_by_quarter": peaks_of(memory.own),
        "peak_gb_of_workers_by_quarter": peaks_of(memory.workers),
        "cache_gb": round(sum(p.stat().st_size for p in (words.work / "faces").rglob("*.bin")) / 1e9, 3),
        "milliseconds_a_batch_of_64": round(1000 * batch, 1),
    }
    print(json.dumps(facts, indent=2))
    if words.out is not None:
        words.out.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
