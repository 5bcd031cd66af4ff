"""The two flavors of TensorRT: everything that tells one from the other, and which one works here."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from packaging.version import Version

from f2p_deploy.character.schema import suggestion
from f2p_deploy.system.cuda_devices import CudaDevice, cuda_devices
from f2p_deploy.system.errors import InputError, MissingDependency
from f2p_deploy.system.extras import install_line

#: Cards older than everything that a portable engine is for; an engine for them is for nothing else.
TURING = "7.5"


@dataclass(frozen=True)
class Flavor:
    """One of the two compilers.

    Args:
        name: the word for `--flavor`.
        title: NVIDIA's name of it.
        module: what is imported.
        distribution: what pip calls it.
        extra: the extra of this package that brings it.
        oldest: the first version whose networks can be strongly typed and built in the way done here.
        needs_gpu: whether it builds only on the card that the engine shall run on. Else it builds anywhere, for the
            compute capabilities that it is told, and what it built cannot be opened here to look at it.
        os: the operating systems that an engine runs on, for `Manifest.hardware`; empty: the one it was built on.
    """

    name: str
    title: str
    module: str
    distribution: str
    extra: str
    oldest: str
    needs_gpu: bool
    os: str


#: In the order of preference.
FLAVORS = {
    flavor.name: flavor
    for flavor in (
        Flavor("tensorrt", "TensorRT", "tensorrt", "tensorrt", "trt", oldest="10.0", needs_gpu=True, os=""),
        Flavor(
            "rtx",
            "TensorRT for RTX",
            "tensorrt_rtx",
            "tensorrt-rtx",
            "rtx",
            oldest="1.2",
            needs_gpu=False,
            os="Linux, Windows",
        ),
    )
}


def choose_flavor(name: str | None = None) -> Flavor:
    """Return the flavor asked for, or the first one that can build here.

    Raises:
        InputError: no such flavor.
        MissingDependency: it, or each of them, cannot build here; with what to install.
    """
    if name is not None:
        if name not in FLAVORS:
            raise InputError(f"no flavor of TensorRT named {name!r}{suggestion(name, tuple(FLAVORS))}")
        reason = why_not(FLAVORS[name])
        if reason:
            raise MissingDependency(reason)
        return FLAVORS[name]
    reasons = {flavor: why_not(flavor) for flavor in FLAVORS.values()}
    for flavor, reason in reasons.items():
        if not reason:
            return flavor
    raise MissingDependency(
        f"TensorRT engines need a compiler. TensorRT for RTX builds on any machine: {install_line('rtx')}. "
        f"TensorRT builds on the card that the engine shall run on: {install_line('trt')}. "
        f"Here: {'; '.join(reasons.values())}"
    )


def why_not(flavor: Flavor) -> str:
    """Return why a flavor cannot build here; empty if it can. Nothing of it is loaded."""
    if find_spec(flavor.module) is None:
        return f"{flavor.title} is not installed ({install_line(flavor.extra)})"
    found = installed_version(flavor)
    if found and Version(found) < Version(flavor.oldest):
        newer = install_line(flavor.extra, options="--upgrade")
        return f"{flavor.title} {found} is too old, {flavor.oldest} is needed ({newer})"
    if flavor.needs_gpu and not cuda_devices():
        return f"{flavor.title} builds only on the NVIDIA card that the engine shall run on, and there is none here"
    return ""


def installed_version(flavor: Flavor) -> str:
    """Return the version that pip knows of; empty if it was installed in another way."""
    try:
        return version(flavor.distribution)
    except PackageNotFoundError:
        return ""


@dataclass(frozen=True)
class Builder:
    """What a flavor says about itself once it is loaded.

    Args:
        version: of the library.
        compute_capabilities: those that it builds for, as NVIDIA numbers them, in rising order.
    """

    version: str
    compute_capabilities: tuple[str, ...]


def read_builder(progress: object, module: str) -> Builder:
    """Load a flavor and ask it; runs in a process of its own."""
    from importlib import import_module

    trt = import_module(module)
    names = [name.removeprefix("SM") for name in _capabilities(trt) if name.startswith("SM")]
    return Builder(trt.__version__, tuple(f"{name[:-1]}.{name[-1]}" for name in sorted(names, key=int)))


def member(trt: Any, compute_capability: str) -> Any:
    """Return the library's own name of a compute capability."""
    return _capabilities(trt)[f"SM{compute_capability.replace('.', '')}"]


def compute_capabilities(flavor: Flavor, builder: Builder, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the cards that an engine will run on.

    Args:
        flavor: what builds.
        builder: what it said of itself.
        asked: by the user; empty for the flavor's own choice.

    Raises:
        InputError: malformed, not among what the builder takes, or not to be combined.
    """
    if flavor.needs_gpu:
        card = cuda_devices()[0]
        if asked:
            raise InputError(
                f"{flavor.title} builds for the card that it finds ({card.name}, compute capability "
                f"{card.compute_capability}): leave --compute-capability out, or choose --flavor rtx"
            )
        return (card.compute_capability,)
    if not asked:
        return tuple(capability for capability in builder.compute_capabilities if capability != TURING)
    for capability in asked:
        if capability not in builder.compute_capabilities:
            raise InputError(
                f"no compute capability {capability!r}: {flavor.title} {builder.version} builds for "
                f"{', '.join(builder.compute_capabilities)} (a GeForce RTX 4090 is 8.9)"
            )
    if TURING in asked and len(set(asked)) > 1:
        raise InputError(
            f"an engine for {TURING} (Turing) runs on no other card, found also "
            f"{', '.join(sorted(set(asked) - {TURING}))}: export once for {TURING} alone, and once for the others"
        )
    return tuple(dict.fromkeys(asked))


def why_no_card_runs(devices: Sequence[CudaDevice]) -> str:
    """Return why no card here can run an engine; empty if one may."""
    return "" if devices else "no NVIDIA card is visible here"


def _capabilities(trt: Any) -> dict[str, Any]:
    """Return the compute capabilities that a library has names for; none in releases that only build for their card."""
    return dict(getattr(getattr(trt, "ComputeCapability", None), "__members__", {}))
