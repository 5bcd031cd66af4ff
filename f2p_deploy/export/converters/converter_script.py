"""What the scripts of all converters share; it runs in the converter's Python and imports the standard library alone.

A script is called with `versions`, or with `convert` and its own words. It prints its answer as JSON in a line that
begins with `answer: `; if the converter refuses, it prints the first line of the message after `refused: ` to the
standard error.
"""

import json
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version


def main(packages: Sequence[str], convert: Callable[[list[str]], dict[str, object]]) -> None:
    """Answer the command line.

    Args:
        packages: the names for pip, of the packages whose versions are told.
        convert: converts as the words say, and returns the answer.
    """
    what, *words = sys.argv[1:]
    try:
        answer = convert(words) if what == "convert" else {name: version(name) for name in packages}
    except Exception as error:
        first = next((line for line in str(error).splitlines() if line.strip()), "")
        print(f"refused: {type(error).__name__}: {first.strip()[:300]}", file=sys.stderr, flush=True)
        raise SystemExit(1) from error
    print(f"\nanswer: {json.dumps(answer)}", flush=True)
