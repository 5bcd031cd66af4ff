"""Run a folder of thousands of photos, some unusual: check that none is lost and a killed run resumes; time workers.

    python bench/many_photos.py portraits --landmarker face_landmarker.task --browser chromium

Photos of a folder are repeated under other names, together with those of `strange_photos.py`: all formats, names and
kinds of damage that occur in practice. `f2p-deploy run` processes them one-shot; it is killed (SIGKILL) half-way and
started again. Rows of page, table and JSON are compared with the files, every link of the page is followed, and the
output is searched for control characters. Then a part of the photos is processed by one and by several workers in
turns, and the ratio of the wall times is the speed-up.
"""

import argparse
import csv
import html
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from strange_photos import write_no_photos, write_strange

#: Control characters, colour escapes included, that must not reach a terminal; only line feeds may.
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def main() -> None:
    """Measure and print."""
    words = _words()
    with tempfile.TemporaryDirectory(prefix="f2p-many-") as place:
        if words.photos:
            measure(words, Path(place))
        if words.rounds:
            compare_workers(words, Path(place))


def measure(words: argparse.Namespace, place: Path) -> None:
    """Run the checks of the command line.

    Args:
        words: parsed arguments.
        place: an empty folder.
    """
    photos, out = place / "photos", place / "characters"
    strange = build(photos, words.portraits, words.photos)
    left_out = write_no_photos(photos)
    print(f"{words.photos} photos, {strange} of them unusual, and {len(left_out)} other files")
    wait_until = words.photos // 2
    started = time.perf_counter()
    killed_after = kill_in_the_middle([*command(words, photos, out)], out, wait_until)
    before = {path: path.stat().st_mtime_ns for path in out.glob("*/result.json")}
    print(f"killed after {killed_after:.1f} s with {len(before)} characters; {len(abandoned(out))} work folders left")

    said, seconds = run([*command(words, photos, out), "--json"])
    report = json.loads(said.stdout)
    check(report, photos, out, words.photos, left_out, before)
    counts = ", ".join(f"{report[word]} {word}" for word in ("kept", "created", "failed"))
    print(f"started again: {counts} in {seconds:.1f} s; both together {time.perf_counter() - started:.1f} s")
    print("failures:", dict(Counter(row["reason"] for row in report["results"] if row["status"] == "failed")))

    said, seconds = run(command(words, photos, out))
    for text in (said.stdout, said.stderr):
        found = _CONTROLS.search(text)
        assert found is None, f"control character in the output: {found[0]!r}"
    print(f"a third run, with all characters present: {seconds:.1f} s")
    if words.browser:
        print(f"the page in a browser: {open_page(words.browser, out / 'index.html', words.photos):.1f} s")


def build(folder: Path, portraits: Path, count: int) -> int:
    """Create the folder of photos; return the number of unusual ones."""
    folder.mkdir()
    strange = write_strange(folder, next(iter(sorted(portraits.glob("*.jpg")))))
    repeat(portraits, folder, count - strange)
    return strange


def repeat(portraits: Path, folder: Path, count: int) -> None:
    """Copy photos into a folder until there are `count` copies, each under another name."""
    found = [path for path in sorted(portraits.iterdir()) if path.suffix.lower() in (".jpg", ".jpeg", ".png")]
    for i in range(count):
        original = found[i % len(found)]
        shutil.copy(original, folder / f"{original.stem}-{i:05d}{original.suffix}")


def command(words: argparse.Namespace, photos: Path, out: Path, workers: int = 1) -> list[str]:
    """Return the command line of one run."""
    line = [sys.executable, "-m", "f2p_deploy.cli", "run", str(photos), "-o", str(out), "--mode", "one-shot"]
    line += ["--landmarker", str(words.landmarker)] if words.landmarker else ["--offline"]
    line += ["--bundle", str(words.bundle)] if words.bundle else []
    return [*line, "--workers", str(workers), "--threads", str(words.threads)]


def run(line: Sequence[str]) -> tuple[subprocess.CompletedProcess[str], float]:
    """Run to the end; return the finished process and the wall time in seconds."""
    started = time.perf_counter()
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 2):
        sys.exit(f"exit code {done.returncode}: {done.stderr}")
    return done, time.perf_counter() - started


def kill_in_the_middle(line: Sequence[str], out: Path, count: int) -> float:
    """Start a run and kill it after `count` characters; return the seconds until then."""
    started = time.perf_counter()
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while sum(1 for _ in out.glob("*/result.json")) < count:
        if process.poll() is not None:
            sys.exit(f"the run ended with exit code {process.returncode} before it wrote {count} characters")
        time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return time.perf_counter() - started


def check(
    report: dict[str, Any], photos: Path, out: Path, count: int, left_out: Sequence[str], before: dict[Path, int]
) -> None:
    """Compare the report, table and page with the files."""
    rows = report["results"]
    told = {unquote_to_bytes(row["photo_uri"].removeprefix("file://")) for row in rows}
    there = {os.fsencode(photos / name) for name in os.listdir(photos) if name not in left_out}
    assert len(rows) == len(told) == count and told == there, "rows of the JSON do not match the files"
    assert {Path(path).name for path in report["not_taken"]} == set(left_out), "other files are not named"
    with (out / "summary.csv").open(newline="", encoding="utf-8") as stream:
        assert len(list(csv.DictReader(stream))) == count, "rows of the table do not match the files"
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.count("<article") == count, "cards of the page do not match the files"
    links = re.findall(r'(?:src|href)="([^"#][^"]*)"', page)
    for link in links:
        path = os.fsencode(out) + b"/" + unquote_to_bytes(html.unescape(link))
        assert os.path.isfile(path), f"the page's link {link} is broken"
    again = {path: path.stat().st_mtime_ns for path in before}
    assert report["kept"] == len(before) and again == before, "existing characters were made again"
    assert not abandoned(out), "the killed run's folder is still there"
    assert len({row["folder"] for row in rows if row["status"] != "failed"}) == count - report["failed"]
    print(f"rows = files = {count}; {len(links)} links of the page lead to files; page {len(page) / 1e6:.1f} MB")


def abandoned(out: Path) -> list[Path]:
    """Return the work folders in an output folder."""
    return list(out.glob(".f2p-*"))


def open_page(browser: str, page: Path, count: int) -> float:
    """Open the page in a headless browser; return the seconds until it is loaded, start-up included."""
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=10000", "--dump-dom"]
    started = time.perf_counter()
    done = subprocess.run([browser, *flags, page.as_uri()], capture_output=True, text=True, check=True)
    assert done.stdout.count("<article") == count, "the browser shows another number of cards"
    return time.perf_counter() - started


def compare_workers(words: argparse.Namespace, place: Path) -> None:
    """Process fewer photos with one worker and with several, in turns; print the ratio of the wall times."""
    part = place / "part"
    part.mkdir()
    repeat(words.portraits, part, words.part)
    seconds: dict[int, list[float]] = {1: [], words.workers: []}
    for turn in range(words.rounds):
        for workers in seconds:
            out = place / f"part-{workers}-{turn}"
            seconds[workers].append(run(command(words, part, out, workers))[1])
            shutil.rmtree(out)
    medians = {workers: statistics.median(times) for workers, times in seconds.items()}
    for workers, times in seconds.items():
        print(f"{words.part} photos, --workers {workers}: {', '.join(f'{one:.1f}' for one in times)} s")
    ratio = medians[1] / medians[words.workers]
    print(f"--workers {words.workers} is {ratio:.2f} times as fast as 1; threads per worker: {words.threads}")


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("portraits", type=Path, help="a folder of photos of faces")
    parser.add_argument("--photos", type=int, default=2000, help="number of photos in all; 0 skips this check")
    parser.add_argument("--landmarker", type=Path, default=os.environ.get("F2P_FACE_LANDMARKER"))
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--threads", type=int, default=1, help="threads per worker")
    parser.add_argument("--workers", type=int, default=2, help="number of workers compared with 1")
    parser.add_argument("--part", type=int, default=800, help="number of photos for comparing workers")
    parser.add_argument("--rounds", type=int, default=2, help="turns of the comparison; 0 skips it")
    parser.add_argument("--browser", help="command of Chromium, to open the page")
    return parser.parse_args()


if __name__ == "__main__":
    main()
