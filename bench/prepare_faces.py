"""Memory and time of preparing many photos for training: found, aligned, labelled and cached.

    python bench/prepare_faces.py portraits portraits_small --count 20000 --landmarker FILE.task --work build/faces

Writes varied copies of the photos (cut, turned a little, mirrored, darker or brighter, stored again as JPEG), prepares
them, and reads random batches from the cache. Memory is sampled twice a second (Linux): that of this process, and that
of it and its children together, without the pages of the cache, which the system may drop.
"""

import argparse
import json
import os
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
    """The largest memory of this process, and of it with its children, over the time of a thread."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.own: list[float] = []
        self.together: list[float] = []
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(EVERY):
            own = anonymous_bytes(os.getpid())
            children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
            self.own.append(own / 1e9)
            self.together.append((own + sum(anonymous_bytes(int(child)) for child in children)) / 1e9)


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
    memory = Memory()
    memory.start()
    began = time.perf_counter()
    made = load_portraits(
        [words.work / "photos"],
        opener(),
        AlignmentTemplate(),
        words.size,
        words.work / "faces",
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
    quarter = len(memory.own) // 4
    facts = {
        "photos": words.count,
        "faces": len(made.names),
        "size": words.size,
        "workers": words.workers,
        "seconds": round(seconds, 1),
        "photos_a_second": round(words.count / seconds, 1),
        "peak_gb": round(max(memory.own), 3),
        "peak_gb_first_quarter": round(max(memory.own[: max(1, quarter)]), 3),
        "peak_gb_with_workers": round(max(memory.together), 3),
        "cache_gb": round(sum(p.stat().st_size for p in (words.work / "faces").rglob("*.bin")) / 1e9, 3),
        "milliseconds_a_batch_of_64": round(1000 * batch, 1),
    }
    print(json.dumps(facts, indent=2))
    if words.out is not None:
        words.out.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
