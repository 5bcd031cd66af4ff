"""Join several graphs as functions of one Core ML package that shares common weights (iOS 18)."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from f2p_deploy.artifact.coreml_file import MAIN, MODEL, make_reproducible
from f2p_deploy.system.quiet import quiet


def join(packages: Mapping[str, Path], path: Path) -> None:
    """Join packages into one with a function for each of them, and delete them.

    Weights with the same bytes, shape and type are stored once. The metadata of the packages is kept; keys whose values
    differ get the function's name as a suffix.

    Args:
        packages: by the name of the function; each has one function.
        path: the package to write.
    """
    with quiet("coremltools"):
        import coremltools
        from coremltools.proto import Model_pb2

        functions = coremltools.utils.MultiFunctionDescriptor()
        for name, package in packages.items():
            functions.add_function(str(package), MAIN, name)
        functions.default_function_name = next(iter(packages))
        coremltools.utils.save_multifunction(functions, str(path))
        metadata = {name: _metadata(package) for name, package in packages.items()}
    spec = Model_pb2.Model()
    spec.ParseFromString((path / MODEL).read_bytes())
    about = spec.description.metadata
    for field in ("author", "license", "versionString"):
        setattr(about, field, getattr(next(iter(metadata.values())), field))
    about.shortDescription = "; ".join(one.shortDescription for one in metadata.values())
    for name, one in metadata.items():
        for key, value in one.userDefined.items():
            alike = all(other.userDefined.get(key) == value for other in metadata.values())
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
