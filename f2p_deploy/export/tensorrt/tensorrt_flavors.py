"""The flavors of TensorRT, their differences, and the choice of the one that can build here."""

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

#: The compute capability of Turing: portable engines are for newer cards, and an engine for Turing is for nothing else.
TURING = "7.5"


@dataclass(frozen=True)
class Flavor:
    """A compiler, and the kind of engine that it builds.

    Args:
        name: the name for `--flavor`.
        title: NVIDIA's name of it.
        module: its Python module.
        distribution: pip's name of it.
        extra: the extra of this package that installs it.
        oldest: the first version with strongly typed networks and the other features that are used here.
        needs_gpu: whether it builds only on the card that will run the engine. Otherwise it builds on any machine for
            given compute capabilities, and the engine cannot be opened here for inspection.
        os: the operating systems that an engine runs on, for `Manifest.hardware`; empty for the one it was built on.
        lean: whether its engines are version-compatible: TensorRT's lean runtime of this or a newer version runs them.
    """

    name: str
    title: str
    module: str
    distribution: str
    extra: str
    oldest: str
    needs_gpu: bool
    os: str
    lean: bool = False


#: All flavors by name, in the order of preference.
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
        Flavor(
            "tensorrt-lean",
            "TensorRT",
            "tensorrt",
            "tensorrt",
            "trt",
            oldest="10.0",
            needs_gpu=True,
            os="",
            lean=True,
        ),
    )
}


def choose_flavor(name: str | None = None) -> Flavor:
    """Return the named flavor, or without a name the first one that can build here.

    Raises:
        InputError: no such flavor.
        MissingDependency: it cannot build here, or without a name none can; the message says what to install.
    """
    if name is not None:
        if name not in FLAVORS:
            raise InputError(f"no flavor of TensorRT named {name!r}{suggestion(name, tuple(FLAVORS))}")
        reason = why_not(FLAVORS[name])
        if reason:
            raise MissingDependency(reason)
        return FLAVORS[name]
    reasons = {flavor: why_not(flavor) for flavor in FLAVORS.values() if not flavor.lean}
    for flavor, reason in reasons.items():
        if not reason:
            return flavor
    raise MissingDependency(
        f"TensorRT engines need a compiler. TensorRT for RTX builds on any machine: {install_line('rtx')}. "
        f"TensorRT builds on the card that will run the engine: {install_line('trt')}. "
        f"Here: {'; '.join(reasons.values())}"
    )


def why_not(flavor: Flavor) -> str:
    """Return why a flavor cannot build here; empty if it can. Does not load it."""
    if find_spec(flavor.module) is None:
        on_card = "; it builds only on the NVIDIA card that will run the engine" if flavor.needs_gpu else ""
        return f"{flavor.title} is not installed ({install_line(flavor.extra)}){on_card}"
    installed = installed_version(flavor)
    if installed and Version(installed) < Version(flavor.oldest):
        newer = install_line(flavor.extra, options="--upgrade")
        return f"{flavor.title} {installed} is too old, {flavor.oldest} is needed ({newer})"
    if flavor.needs_gpu and not cuda_devices():
        return f"{flavor.title} builds only on the NVIDIA card that will run the engine, and there is none here"
    return ""


def installed_version(flavor: Flavor) -> str:
    """Return the installed version by pip's record; empty if it was not installed with pip."""
    try:
        return version(flavor.distribution)
    except PackageNotFoundError:
        return ""


@dataclass(frozen=True)
class Builder:
    """The facts about a loaded flavor.

    Args:
        version: the library's version.
        compute_capabilities: those that it can build for, by NVIDIA's numbers, in ascending order.
    """

    version: str
    compute_capabilities: tuple[str, ...]


def read_builder(progress: object, module: str) -> Builder:
    """Load a flavor and return its version and compute capabilities; runs in a child process."""
    from importlib import import_module

    trt = import_module(module)
    names = [name.removeprefix("SM") for name in _capabilities(trt) if name.startswith("SM")]
    return Builder(trt.__version__, tuple(f"{name[:-1]}.{name[-1]}" for name in sorted(names, key=int)))


def member(trt: Any, compute_capability: str) -> Any:
    """Return the library's enum member of a compute capability."""
    return _capabilities(trt)[f"SM{compute_capability.replace('.', '')}"]


def compute_capabilities(flavor: Flavor, builder: Builder, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the compute capabilities of the cards that an engine will run on.

    Args:
        flavor: the compiler.
        builder: the facts about it.
        asked: the compute capabilities that the user named; empty for the flavor's default.

    Raises:
        InputError: malformed, unsupported, or combined with Turing.
    """
    if flavor.needs_gpu:
        card = cuda_devices()[0]
        if asked:
            raise InputError(
                f"{flavor.title} builds for the card in this machine ({card.name}, compute capability "
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
            f"an engine for {TURING} (Turing) runs on no other card, but {', '.join(sorted(set(asked) - {TURING}))} "
            f"was also asked for: export once for {TURING} alone, and once for the others"
        )
    return tuple(dict.fromkeys(asked))


def why_no_card_runs(devices: Sequence[CudaDevice]) -> str:
    """Return why no card here can run an engine; empty if there is a card."""
    return "" if devices else "no NVIDIA card is visible here"


def _capabilities(trt: Any) -> dict[str, Any]:
    """Return the library's enum of compute capabilities; empty in releases that build only for the card here."""
    return dict(getattr(getattr(trt, "ComputeCapability", None), "__members__", {}))
