"""What targets share whose converter may run in another Python."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from f2p_deploy.export.converters.converter_process import Converter
from f2p_deploy.system.errors import MissingDependency


def require_same_torch(converter: Converter, versions: Mapping[str, str]) -> None:
    """Raise unless a converter's PyTorch reads the programs that this one writes.

    Raises:
        MissingDependency: the first two numbers of the versions differ.
    """
    here, there = version("torch"), versions["torch"]
    if here.split(".")[:2] != there.split(".")[:2]:
        raise MissingDependency(
            f"{converter.title} has PyTorch {there} and f2p-deploy {here}, and programs cannot cross from one to the "
            f"other: install torch=={here.split('+')[0]} beside {converter.title}"
        )


@contextmanager
def scratch_beside(folder: Path) -> Iterator[Path]:
    """Give a folder for intermediate files, on the artifact's disk; it is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix=".", dir=folder.parent) as scratch:
        yield Path(scratch)
