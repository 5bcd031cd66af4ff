"""The libraries that run engines: TensorRT, its lean runtime, and TensorRT for RTX; their differences at run time."""

import logging
import shlex
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from f2p_deploy.artifact.manifest import Manifest
from f2p_deploy.system.causes import SAID
from f2p_deploy.system.errors import F2PError, InputError, MissingDependency
from f2p_deploy.system.extras import PACKAGES, install_line, package_line
from f2p_deploy.system.files import write_whole

logger = logging.getLogger(__name__)

#: Suffix of the file beside an engine with the kernels that TensorRT for RTX compiled for this card in the first run.
CACHE_SUFFIX = ".cache"


@dataclass(frozen=True)
class Library:
    """One of the libraries.

    Args:
        flavor: its name in `export --flavor` and `Manifest.hardware`.
        title: NVIDIA's name of it.
        module: its Python module.
        distribution: pip's name of it.
        extra: the extra of this package that installs it.
        compiler: pip's name of the compiler whose version `Manifest.tools` has; empty for `distribution`.
        newer: whether it runs engines of older releases as well.
    """

    flavor: str
    title: str
    module: str
    distribution: str
    extra: str
    compiler: str = ""
    newer: bool = False

    def why_not_here(self) -> str:
        """Return why the library cannot be loaded; empty if it can. Does not load it."""
        lacking = [module for module in (self.module, "cuda") if find_spec(module) is None]
        packages = " and ".join(PACKAGES.get(module, module) for module in lacking)
        return f"{packages} missing: {install_line(self.extra)}" if lacking else ""

    def load(self) -> Any:
        """Import the library.

        Raises:
            MissingDependency: it, or a library that it needs, is missing.
        """
        reason = self.why_not_here()
        if reason:
            raise MissingDependency(f"{self.title} runs these engines: {reason}")
        try:
            return import_module(self.module)
        except (ImportError, OSError) as error:
            raise MissingDependency(f"{self.title} is installed, but cannot be loaded; {SAID}") from error

    def require_version(self, manifest: Manifest, folder: Path, loaded: str = "") -> None:
        """Raise unless this version may read an artifact's engines: the version that built them, or `newer`.

        Args:
            manifest: names the version that built them.
            folder: the artifact's folder, for the error message.
            loaded: the version of the loaded library; if empty, pip's record is used.

        Raises:
            MissingDependency: another version; the message has the command that builds the engines again.
        """
        built = manifest.tools.get(self.compiler or self.distribution, "")
        here = loaded or self.installed_version()
        if not built or not here or _same_release(built, here) or (self.newer and _is_older(built, here)):
            return
        built_with = package_line(shlex.quote(f"{self.distribution}{'>' if self.newer else '='}={built}"))
        raise MissingDependency(
            f"the engines in {folder} were built by {self.title} {built}, here is {here}, which may not be able to "
            f"read them. Build them again: {manifest.command}; or {built_with}"
        )

    def installed_version(self) -> str:
        """Return the installed version by pip's record; empty if it was not installed with pip."""
        try:
            return version(self.distribution)
        except PackageNotFoundError:
            return ""

    def context(self, trt: Any, engine: Any, path: Path) -> "Execution":
        """Create an execution context of an engine.

        Args:
            trt: the library, as `load` returns it.
            engine: TensorRT's engine object.
            path: the engine's file.
        """
        if self.flavor != "rtx":
            return Execution(engine.create_execution_context())
        config = engine.create_runtime_config()
        # `CapturedLoop` captures one graph over several engines; the library must not capture another inside it.
        if hasattr(trt, "CudaGraphStrategy"):
            config.cuda_graph_strategy = trt.CudaGraphStrategy.DISABLED
        cache = config.create_runtime_cache()
        file = cache_of(path)
        if file.is_file() and not cache.deserialize(file.read_bytes()):
            logger.info("%s belongs to another card or version, and will be replaced", file)
        if not config.set_runtime_cache(cache):
            logger.info("%s accepts no cache here: the kernels of %s are compiled every time", self.title, path.name)
            cache = None
        return Execution(engine.create_execution_context(config), cache, config)


@dataclass(frozen=True)
class Execution:
    """An execution context, and the objects that must live as long.

    Args:
        context: TensorRT's execution context; None if it could not be created.
        cache: the compiled kernels of TensorRT for RTX; None for TensorRT.
        config: the runtime settings of TensorRT for RTX; None for TensorRT.
    """

    context: Any
    cache: Any = None
    config: Any = None


LIBRARIES = {
    library.flavor: library
    for library in (
        Library("tensorrt", "TensorRT", "tensorrt", "tensorrt", "trt"),
        Library("rtx", "TensorRT for RTX", "tensorrt_rtx", "tensorrt-rtx", "rtx"),
        Library(
            "tensorrt-lean",
            "TensorRT's lean runtime",
            "tensorrt_lean",
            "tensorrt-lean",
            "trt-lean",
            compiler="tensorrt",
            newer=True,
        ),
    )
}


def library_for(manifest: Manifest) -> Library:
    """Return the library that built an artifact's engines.

    Raises:
        InputError: the manifest names none.
    """
    flavor = manifest.hardware.get("flavor", "")
    if flavor not in LIBRARIES:
        raise InputError(
            f"the manifest does not say which flavor of TensorRT built its engines, found {flavor!r}: "
            f"make the artifact again: {manifest.command}"
        )
    return LIBRARIES[flavor]


def cache_of(engine: Path) -> Path:
    """Return the path of an engine's cache."""
    return engine.with_name(engine.name + CACHE_SUFFIX)


def keep(cache: Any, engine: Path) -> None:
    """Write a cache beside its engine, atomically; if the folder is not writable, the next run compiles again."""
    if cache is None:
        return
    content = bytes(cache.serialize())
    file = cache_of(engine)
    if file.is_file() and file.read_bytes() == content:
        return
    try:
        write_whole(file, content)
    except F2PError as error:
        logger.info("the compiled kernels of %s cannot be kept: %s", engine.name, error)


def _same_release(one: str, other: str) -> bool:
    try:
        return Version(Version(one).base_version) == Version(Version(other).base_version)
    except InvalidVersion:
        return one == other


def _is_older(one: str, other: str) -> bool:
    try:
        return Version(one) < Version(other)
    except InvalidVersion:
        return False
