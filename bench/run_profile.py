"""Where each millisecond of `f2p-deploy run` goes, for a folder of photos.

    python bench/run_profile.py PHOTOS --count 100 -o bench/results/run_profile.json

One process makes a character of every photo, once without and once under cProfile. The times of the second run, which
is a little slower, divide those of the first. A stage does not contain the stages that are listed with it.
"""

import argparse
import cProfile
import json
import platform
import pstats
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from f2p_deploy.alignment.photo_files import expand
from f2p_deploy.model.bundle import demo_bundle_path
from f2p_deploy.pipeline import choose_finder_for, create_characters
from f2p_deploy.runtimes import load

#: Stages by the functions (file, name) that they are spent in; cumulative times.
STAGES = {
    "read the photo": (("photo.py", "open_photo"),),
    "find the face": (("network_finder.py", "find"), ("mediapipe.py", "find")),
    "align it, sharpness, brightness": (("aligned_face.py", "align"),),
    "generate the character": (("search.py", "generate"),),
    "draw it by the imitator": (("graph_calls.py", "render"),),
    "the photo for the page": (("photo_view.py", "draw_photo"),),
    "the rest: files, page, table": (("characters.py", "create_characters"),),
}
#: What a stage contains: its time is reduced by theirs.
WITHIN = {
    "align it, sharpness, brightness": ("find the face",),
    "the rest: files, page, table": tuple(name for name in STAGES if not name.startswith("the rest")),
}


def stages_of(stats: pstats.Stats) -> dict[str, float]:
    """Return the seconds of each stage."""
    whole = {}
    for name, functions in STAGES.items():
        whole[name] = sum(
            row[3] for (file, _, function), row in stats.stats.items() if (Path(file).name, function) in functions
        )
    own = dict(whole)
    own["align it, sharpness, brightness"] -= whole["find the face"]
    own["the rest: files, page, table"] -= sum(own[name] for name in WITHIN["the rest: files, page, table"])
    return own


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--runtime", default="onnxruntime")
    parser.add_argument("--mode", default="hybrid")
    parser.add_argument("--landmarker", type=Path, help="MediaPipe's; without it the built-in networks find faces")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("-o", "--out", type=Path)
    given = parser.parse_args()
    photos = [photo for photo in expand(given.photos)][: given.count]
    runtime = load(given.bundle or demo_bundle_path(), given.runtime, given.threads)
    finder = choose_finder_for(given.landmarker, None, given.landmarker is None)
    seconds, profile = [], cProfile.Profile()
    with tempfile.TemporaryDirectory() as folder:
        create_characters(photos[:2], runtime, Path(folder) / "first", [given.mode], finder=finder)
        for profiled in (False, True):
            began = time.perf_counter()
            if profiled:
                profile.enable()
            report = create_characters(photos, runtime, Path(folder) / str(profiled), [given.mode], finder=finder)
            profile.disable()
            seconds.append(time.perf_counter() - began)
    parts = stages_of(pstats.Stats(profile))
    scale = 1e3 * seconds[0] / sum(parts.values()) / len(photos)
    rows = {name: part * scale for name, part in parts.items()}
    for name, ms in rows.items():
        print(f"| {name} | {ms:.1f} ms | {ms / (1e3 * seconds[0] / len(photos)):.0%} |")
    print(f"{len(photos)} photos, {len(report.failed)} failed: {60 * len(photos) / seconds[0]:.0f} a minute")
    facts = {
        "date": date.today().isoformat(),
        "command": " ".join(["python", *sys.argv]),
        "device": f"{platform.processor() or platform.machine()}, {given.threads} threads",
        "made_with": report.made_with,
        "finder": finder.sentence,
        "photos": len(photos),
        "failed": len(report.failed),
        "seconds": seconds[0],
        "ms_a_photo": rows,
    }
    if given.out:
        given.out.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
