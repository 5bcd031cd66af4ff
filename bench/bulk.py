"""Check that `batch` loses no photo and gives the same bits after kills and on Ray; time it.

    python bench/bulk.py portraits portraits_small -o bench/results/bulk.json -- --offline --mode one-shot

Photos of the folders are repeated, each with another crop and brightness, until there are `--photos`; `--broken` of
them are replaced by files that are no photos (cut short, text, empty, tiny, a header of a picture that would need
gigabytes). They are written into tar shards. `f2p-deploy batch` with the words after `--` makes them once without an
interruption, and once more with two kills (SIGKILL) on the way; rows are counted, and the files of both compared byte
by byte. Then the first `--ray` photos are made by local processes and by Ray Data, and compared as well.
"""

import argparse
import io
import json
import os
import shlex
import signal
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageEnhance
from pyarrow import parquet

from f2p_deploy.evaluation.speed.device import describe_device

#: Photos in each tar shard.
SHARD = 1000


def main() -> None:
    """Measure, print, and write."""
    words = _words()
    command = f"python bench/bulk.py {shlex.join(sys.argv[1:])}"
    found: dict[str, Any] = {"command": command, "date": date.today().isoformat()}
    found |= {"device": describe_device(words.workers), "photos": words.photos, "broken": words.broken}
    with tempfile.TemporaryDirectory(prefix="f2p-bulk-", dir=words.place) as name:
        place = Path(name)
        build(place / "shards", words.folders, words.photos, words.broken)
        found |= measure_kills(words, place)
        write(words.out, found)
        if words.ray:
            build(place / "fewer", words.folders, words.ray, words.ray * words.broken // words.photos)
            found |= measure_ray(words, place)
            write(words.out, found)
    for key, value in found.items():
        print(f"{key:28} {value}")


def write(file: Path | None, found: dict[str, Any]) -> None:
    """Write what is measured so far."""
    if file is not None:
        file.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def build(folder: Path, portraits: Sequence[Path], count: int, broken: int) -> None:
    """Write tar shards of `count` photos, of which `broken` are none, evenly distributed; always the same."""
    folder.mkdir()
    files = sorted(path for one in portraits for path in one.iterdir() if path.suffix.lower() in (".jpg", ".png"))
    every = count // broken if broken else count + 1
    for start in range(0, count, SHARD):
        with tarfile.open(folder / f"{start // SHARD:04d}.tar", "w") as archive:
            for i in range(start, min(start + SHARD, count)):
                content = varied(files[i % len(files)], i)
                if i % every == every - 1 and i // every < broken:
                    content = damaged(content, i // every)
                info = tarfile.TarInfo(f"{i:06d}.jpg")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))


def varied(path: Path, seed: int) -> bytes:
    """Return a photo with another crop and brightness as a JPEG file."""
    random = np.random.default_rng(seed)
    with Image.open(path) as opened:
        photo = opened.convert("RGB")
    left, top, right, bottom = random.uniform(0.0, 0.06, 4)
    width, height = photo.size
    box = (int(left * width), int(top * height), int((1 - right) * width), int((1 - bottom) * height))
    file = io.BytesIO()
    ImageEnhance.Brightness(photo.crop(box)).enhance(random.uniform(0.8, 1.15)).save(file, "JPEG", quality=90)
    return file.getvalue()


def damaged(photo: bytes, number: int) -> bytes:
    """Return what stands in the place of a photo: one of five kinds."""
    tiny = io.BytesIO()
    Image.new("RGB", (8, 8)).save(tiny, "PNG")
    return (photo[: len(photo) // 3], b"no picture", b"", tiny.getvalue(), large_header())[number % 5]


def large_header() -> bytes:
    """Return the first chunk of a PNG file of 100,000 x 100,000 pixels."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


def measure_kills(words: argparse.Namespace, place: Path) -> dict[str, Any]:
    """Make all photos without and with kills, and compare; return the measurements."""
    whole, killed, source = place / "whole", place / "killed", place / "shards"
    report = run(command(words, source, whole))
    kept = []
    parts = report["parts"]
    for at in (parts // 3, 2 * parts // 3):
        kill_after(command(words, source, killed), killed, at)
        kept.append(len(list(killed.glob("part-*.parquet"))))
        print(f"killed with {kept[-1]} of {parts} parts", flush=True)
    resumed = run(command(words, source, killed))
    assert resumed["parts_kept"] == kept[-1], "finished parts were not kept"
    same(whole, killed)
    rows = parquet.read_table(whole, columns=["index", "key", "status"]).to_pylist()
    assert sorted(row["index"] for row in rows) == list(range(words.photos)), "not one row for each photo"
    assert len({row["key"] for row in rows}) == words.photos, "a photo is there twice"
    return {
        "workers": words.workers,
        "rows_in_a_part": words.rows,
        "photos_a_second": round(report["photos_made"] / report["seconds"], 2),
        "seconds": report["seconds"],
        "parts": parts,
        "parts_when_killed": kept,
        "statuses": dict(Counter(row["status"] for row in rows)),
        "megabytes_of_parts": round(sum(path.stat().st_size for path in whole.iterdir()) / 1e6, 2),
        "megabytes_of_shards": round(sum(path.stat().st_size for path in source.iterdir()) / 1e6, 2),
        "same_bytes_after_kills": True,
        "load_average": round(os.getloadavg()[0], 2),
    }


def measure_ray(words: argparse.Namespace, place: Path) -> dict[str, Any]:
    """Make fewer photos by local processes and with Ray, and compare; return the measurements."""
    source = place / "fewer"
    local = run(command(words, source, place / "local"))
    with_ray = run([words.ray_python, *command(words, source, place / "ray")[1:], "--ray"])
    same(place / "local", place / "ray")
    rates = {name: round(one["photos_made"] / one["seconds"], 2) for name, one in (("local", local), ("ray", with_ray))}
    return {"photos_with_ray": words.ray, "photos_a_second_of_these": rates, "same_bytes_with_ray": True}


def command(words: argparse.Namespace, source: Path, out: Path) -> list[str]:
    """Return the command line of a batch."""
    line = [sys.executable, "-m", "f2p_deploy.cli", "batch", str(source), "-o", str(out), "--json", *words.words]
    return [*line, "--workers", str(words.workers), "--rows", str(words.rows)]


def run(line: Sequence[str]) -> dict[str, Any]:
    """Run to the end and return the report."""
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"exit code {done.returncode}: {done.stderr}")
    return dict(json.loads(done.stdout))


def kill_after(line: Sequence[str], out: Path, parts: int) -> None:
    """Start a batch, and kill it when it has finished a number of parts and begun the next."""
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(list(out.glob("part-*.parquet"))) < parts:
        if process.poll() is not None:
            sys.exit(f"the batch ended with exit code {process.returncode} before it had {parts} parts")
        time.sleep(0.1)
    time.sleep(1.0)
    process.send_signal(signal.SIGKILL)
    process.wait()


def same(one: Path, two: Path) -> None:
    """Compare the files of two folders byte by byte."""
    names = sorted(path.name for path in one.iterdir())
    assert names == sorted(path.name for path in two.iterdir()), "the folders hold other files"
    for name in names:
        assert (one / name).read_bytes() == (two / name).read_bytes(), f"{name} differs"


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("folders", type=Path, nargs="+", help="folders of photos of faces")
    parser.add_argument("--photos", type=int, default=5000)
    parser.add_argument("--broken", type=int, default=100, help="how many of them are none")
    parser.add_argument("--rows", type=int, default=256, help="photos in each part")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--ray", type=int, default=0, metavar="N", help="photos to make with Ray as well; 0 for none")
    parser.add_argument("--ray-python", default=sys.executable, help="a Python that has Ray")
    parser.add_argument("--place", type=Path, help="folder for temporary files")
    parser.add_argument("-o", "--out", type=Path, help="file for the results")
    own = sys.argv[1 : sys.argv.index("--")] if "--" in sys.argv else sys.argv[1:]
    parsed = parser.parse_args(own)
    parsed.words = sys.argv[len(own) + 2 :]
    return parsed


if __name__ == "__main__":
    main()
