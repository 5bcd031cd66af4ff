"""The part that run_*.py share: it needs numpy alone, and runs in the Python of the tool."""

import sys
from collections.abc import Callable, Sequence

import numpy as np

#: Takes one sample's inputs by name and returns the outputs in order.
Run = Callable[[dict[str, np.ndarray]], Sequence[np.ndarray]]


def main(version: Callable[[], str], build: Callable[[str, list[str], list[str]], Run]) -> None:
    """Convert a graph, run its samples and store the outputs, or say `refused:` with a message's first line.

    The command's words are MODEL INPUTS OUTPUTS NAME..., or `--version`; those that begin with `--` are options.

    Args:
        version: returns the runtime with its versions.
        build: converts a model; takes its file, and the names of its inputs and outputs.
    """
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    if "--version" in sys.argv:
        print(version())
        return
    model, inputs, outputs, *names = words
    with np.load(inputs) as stored:
        given = {name: stored[name] for name in stored.files}
    try:
        print("doing: converting", file=sys.stderr, flush=True)
        run = build(model, list(given), names)
        print("doing: running", file=sys.stderr, flush=True)
        count = len(next(iter(given.values())))
        rows = [[np.array(part) for part in run({name: v[k] for name, v in given.items()})] for k in range(count)]
    except Exception as error:
        first = next((line for line in str(error).splitlines() if line.strip()), "")
        print(f"refused: {type(error).__name__}: {first.strip()[:300]}", file=sys.stderr)
        raise SystemExit(1) from error
    np.savez(outputs, **{name: np.stack(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)})
