"""Run thousands of command lines on damaged files in one process: no traceback, no hang, nothing half-written.

    python bench/fuzz_files.py --cases 20000 -o bench/results/fuzz_files.json

Parameter files, templates, mappings, schemas, presets, bundles, networks, artifacts, packed bundles, reviews, token
files and, with the reference engine's assets (F2P_MAKEHUMAN_ASSETS), rendered pairs are damaged by generic changes of
bytes, text and JSON values (tests/fuzz); each case's seed repeats it. Exit code 1 if something is wrong.
"""

import argparse
import json
import os
import resource
import shlex
import sys
import tempfile
import time
from collections import Counter
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "fuzz"))

from file_cases import judge, run_words  # noqa: E402
from file_corpus import make_corpus  # noqa: E402

from f2p_deploy.model.bundle import demo_bundle_path  # noqa: E402


def main() -> None:
    """Damage, run, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=20_000, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="The first case's seed.")
    parser.add_argument("--kind", help="Only files of this kind.")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE")
    words = parser.parse_args()
    out = None if words.out is None else words.out.absolute()
    began = time.perf_counter()
    codes: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    slowest, wrong, memory = 0.0, [], []
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        folder = Path(name)
        pairs = "F2P_MAKEHUMAN_ASSETS" in os.environ
        targets = make_corpus(folder, lambda *words: run_words(*words, seconds=600).code, demo_bundle_path(), pairs)
        if words.kind is not None:
            targets = [target for target in targets if target.kind == words.kind]
        for seed in range(words.first, words.first + words.cases):
            started = time.perf_counter()
            ended, kind, command, what = judge(folder, targets, seed)
            slowest = max(slowest, time.perf_counter() - started)
            codes[str(ended.code)] += 1
            kinds[kind] += 1
            if what:
                wrong.append({"seed": seed, "kind": kind, "words": shlex.join(command), "what": what})
                print(json.dumps(wrong[-1]), flush=True)
            if seed % 1000 == 999:
                memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
                print(f"{seed + 1}: {dict(codes)}, {memory[-1]} MB, {time.perf_counter() - began:.0f} s", flush=True)
        os.chdir("/")
    facts = {
        "date": date.today().isoformat(),
        "command": f"python bench/fuzz_files.py {shlex.join(sys.argv[1:])}",
        "seconds": round(time.perf_counter() - began, 1),
        "cases": words.cases,
        "kinds": dict(sorted(kinds.items())),
        "exit_codes": dict(sorted(codes.items())),
        "slowest_seconds": round(slowest, 2),
        "largest_memory_mb_by_thousand": memory,
        "wrong": wrong,
    }
    if out is not None:
        out.write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
