"""Several graphs as functions of one Core ML package, which share what weights they have in common (iOS 18)."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from f2p_deploy.artifact.coreml_file import MAIN, MODEL, make_reproducible, quiet


def join(packages: Mapping[str, Path], path: Path) -> None:
    """Write one package with a function for each of some packages, and delete these.

    Weights of the same bytes, shape and type are stored once. What the packages say of themselves is said of the
    functions: facts that differ get the function's name behind their own.

    Args:
        packages: by the name of the function; each has one function.
        path: the package to write.
    """
    with quiet():
        import coremltools
        from coremltools.proto import Model_pb2

        functions = coremltools.utils.MultiFunctionDescriptor()
        for name, package in packages.items():
            functions.add_function(str(package), MAIN, name)
        functions.default_function_name = next(iter(packages))
        coremltools.utils.save_multifunction(functions, str(path))
        said = {name: _metadata(package) for name, package in packages.items()}
    spec = Model_pb2.Model()
    spec.ParseFromString((path / MODEL).read_bytes())
    about = spec.description.metadata
    for field in ("author", "license", "versionString"):
        setattr(about, field, getattr(next(iter(said.values())), field))
    about.shortDescription = "; ".join(one.shortDescription for one in said.values())
    for name, one in said.items():
        for key, value in one.userDefined.items():
            alike = all(other.userDefined.get(key) == value for other in said.values())
            about.userDefined[key if alike else f"{key}.{name}"] = value
    (path / MODEL).write_bytes(spec.SerializeToString())
    make_reproducible(path)
    for package in packages.values():
        shutil.rmtree(package)


def _metadata(package: Path) -> Any:
    from coremltools.proto import Model_pb2

    spec = Model_pb2.Model()
    spec.ParseFromString((package / MODEL).read_bytes())
    return spec.description.metadata
