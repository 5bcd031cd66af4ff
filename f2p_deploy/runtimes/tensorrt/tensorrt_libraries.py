"""The two libraries that run engines, TensorRT and TensorRT for RTX: everything that tells them apart at run time."""

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

#: Beside an engine: what TensorRT for RTX compiled for this card when it first ran it.
CACHE_SUFFIX = ".cache"


@dataclass(frozen=True)
class Library:
    """One of the two.

    Args:
        flavor: as `export --flavor` and `Manifest.hardware` call it.
        title: NVIDIA's name of it.
        module: what is imported.
        distribution: what pip calls it.
        extra: the extra of this package that brings it.
    """

    flavor: str
    title: str
    module: str
    distribution: str
    extra: str

    def why_not_here(self) -> str:
        """Return why it cannot be loaded; empty if it can. Nothing is loaded."""
        lacking = [module for module in (self.module, "cuda") if find_spec(module) is None]
        packages = " and ".join(PACKAGES.get(module, module) for module in lacking)
        return f"{packages} missing: {install_line(self.extra)}" if lacking else ""

    def load(self) -> Any:
        """Import it.

        Raises:
            MissingDependency: it, or a library that it needs, is not here.
        """
        reason = self.why_not_here()
        if reason:
            raise MissingDependency(f"{self.title} runs these engines: {reason}")
        try:
            return import_module(self.module)
        except (ImportError, OSError) as error:
            raise MissingDependency(f"{self.title} is installed, but cannot be loaded; {SAID}") from error

    def require_version(self, manifest: Manifest, folder: Path, loaded: str = "") -> None:
        """Raise unless this is the version that built an artifact's engines: another one may not read them.

        Args:
            manifest: says which version built them.
            folder: the artifact's, for the sentence.
            loaded: what the library itself says, once it is loaded; before that, pip is asked.

        Raises:
            MissingDependency: it is another version, with the line that builds the engines again.
        """
        built = manifest.tools.get(self.distribution, "")
        here = loaded or self.installed_version()
        if not built or not here or _same_release(built, here):
            return
        built_with = package_line(shlex.quote(f"{self.distribution}=={built}"))
        raise MissingDependency(
            f"the engines in {folder} were built by {self.title} {built}, here is {here}, which cannot be relied on to "
            f"read them. Build them again: {manifest.command}; or {built_with}"
        )

    def installed_version(self) -> str:
        """Return the version that pip knows of; empty if it was installed in another way."""
        try:
            return version(self.distribution)
        except PackageNotFoundError:
            return ""

    def context(self, trt: Any, engine: Any, path: Path) -> "Execution":
        """Return an execution context of an engine.

        Args:
            trt: the library, as `load` gives it.
            engine: TensorRT's.
            path: the engine's file.
        """
        if self.flavor != "rtx":
            return Execution(engine.create_execution_context())
        config = engine.create_runtime_config()
        # Graphs are captured here, over several engines; the library's own would be captured inside of them.
        if hasattr(trt, "CudaGraphStrategy"):
            config.cuda_graph_strategy = trt.CudaGraphStrategy.DISABLED
        cache = config.create_runtime_cache()
        kept = cache_of(path)
        if kept.is_file() and not cache.deserialize(kept.read_bytes()):
            logger.info("%s is of another card or version, and is written anew", kept)
        if not config.set_runtime_cache(cache):
            logger.info("%s takes no cache here: the kernels of %s are compiled every time", self.title, path.name)
            cache = None
        return Execution(engine.create_execution_context(config), cache, config)


@dataclass(frozen=True)
class Execution:
    """An execution context, and what has to live as long as it.

    Args:
        context: TensorRT's; None where it could not be made.
        cache: what TensorRT for RTX compiles; None elsewhere.
        config: the settings of TensorRT for RTX; None elsewhere.
    """

    context: Any
    cache: Any = None
    config: Any = None


LIBRARIES = {
    library.flavor: library
    for library in (
        Library("tensorrt", "TensorRT", "tensorrt", "tensorrt", "trt"),
        Library("rtx", "TensorRT for RTX", "tensorrt_rtx", "tensorrt-rtx", "rtx"),
    )
}


def library_for(manifest: Manifest) -> Library:
    """Return what built an artifact's engines.

    Raises:
        InputError: the manifest does not say.
    """
    flavor = manifest.hardware.get("flavor", "")
    if flavor not in LIBRARIES:
        raise InputError(
            f"the manifest says no flavor of TensorRT that built its engines, found {flavor!r}: "
            f"make the artifact again: {manifest.command}"
        )
    return LIBRARIES[flavor]


def cache_of(engine: Path) -> Path:
    """Return where the cache of an engine lies."""
    return engine.with_name(engine.name + CACHE_SUFFIX)


def keep(cache: Any, engine: Path) -> None:
    """Write a cache beside its engine, whole or not at all; where that cannot be, it is made again next time."""
    if cache is None:
        return
    content = bytes(cache.serialize())
    place = cache_of(engine)
    if place.is_file() and place.read_bytes() == content:
        return
    try:
        write_whole(place, content)
    except F2PError as error:
        logger.info("the compiled kernels of %s are not kept: %s", engine.name, error)


def _same_release(one: str, other: str) -> bool:
    try:
        return Version(Version(one).base_version) == Version(Version(other).base_version)
    except InvalidVersion:
        return one == other
