"""Export the demo bundle to ONNX into its own folder, so that a bare `pip install` runs it without PyTorch.

    python tools/demo_artifact.py

Run it after every change of the bundle: an artifact of another state is refused. Needs the extras `export` and
`faces`. The graphs read their weights from the bundle's files, so the package grows by only 3 MB.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from f2p_deploy.export.beside_bundle import export_beside
from f2p_deploy.model.bundle import load_bundle

#: Command that rebuilds the demo bundle's artifact, with or without a clone.
SHIPPED = "make artifact, in a clone; or install f2p-deploy again"


def main(words: Sequence[str] | None = None) -> None:
    """Write the artifact; print its sizes and its parity."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, help="the demo bundle if not given")
    named = parser.parse_args(words).bundle
    command = shlex.join(["python", "tools/demo_artifact.py", "--bundle", str(named)]) if named else SHIPPED
    bundle = load_bundle(named)
    artifact = export_beside(
        bundle, command, progress=lambda stage, done=0.0, total=0.0: print(stage, file=sys.stderr)
    )
    for name, record in artifact.manifest.files.items():
        print(f"{name:24} {record.size / 1e6:6.2f} MB{', shared with the bundle' if name in bundle.stored else ''}")
    for record in artifact.manifest.parity:
        print(record.sentence())


if __name__ == "__main__":
    main()
