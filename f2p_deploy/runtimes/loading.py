"""Load artifacts and bundles with a runtime that can run them."""

import logging
from pathlib import Path

from f2p_deploy.artifact.artifact import MANIFEST_FILE, Artifact, read_artifact
from f2p_deploy.character.schema import suggestion
from f2p_deploy.model.bundle import HEADER, Bundle, load_bundle
from f2p_deploy.model.bundle_artifact import artifact_of
from f2p_deploy.runtimes.base import RUNTIMES, Runtime
from f2p_deploy.runtimes.hardware import require_hardware
from f2p_deploy.runtimes.torch_runtime import TorchRuntime
from f2p_deploy.system.errors import InputError, MissingDependency

#: The runtimes that `auto` tries, in this order: the first that runs the files and is installed. ONNX Runtime is the
#: first because exports are measured with it; OpenVINO searches 1.2 to 1.5 times as fast, but some of its versions
#: computed wrong gradients. Runtimes of lower precision (`openvino-bf16`), and runtimes that use a card for files that
#: need none (`onnxruntime-cuda`), must be asked for by name.
AUTO = ("onnxruntime", "openvino", "coreml", "litert", "executorch", "ncnn", "tensorrt", "torch")

logger = logging.getLogger(__name__)


def load(
    source: str | Path | Artifact | Bundle, runtime: str = "auto", threads: int | None = None, device: int = 0
) -> Runtime:
    """Check an artifact or a bundle, and return a runtime that runs it.

    Args:
        source: an artifact or its folder, or a bundle or its folder. PyTorch runs bundles. A folder that is both is
            loaded as a bundle with the runtime `torch`, and as an artifact with any other.
        runtime: a key of `RUNTIMES`, or `auto`: see `AUTO`.
        threads: number of threads for one call; None for all cores that this process may use.
        device: the card's number, for a runtime that computes on one.

    Raises:
        InputError: neither artifact nor bundle, a damaged one, an unknown runtime, or one that does not run these
            files; a card for a runtime that computes on the processor.
        MissingDependency: the runtime's package or hardware is missing, or the artifact was built for another machine;
            there is no fallback.
    """
    if runtime != "auto":
        find_runtime(runtime)
    opened = _open(source, runtime)
    if isinstance(opened, Bundle):
        if runtime not in ("auto", TorchRuntime.name):
            raise InputError(
                f"the runtime {runtime!r} runs artifacts, and {opened.path} is a bundle: make an artifact of it with "
                f"f2p-deploy export, or run it with {TorchRuntime.name!r}"
            )
        TorchRuntime.require_usable(threads, device)
        return TorchRuntime(opened, threads=threads)
    suffixes = {Path(entry.file).suffix for entry in opened.manifest.graphs.values()}
    able = [name for name, kind in RUNTIMES.items() if kind.suffixes and suffixes <= set(kind.suffixes)]
    kind = RUNTIMES[_choose(able, opened, suffixes) if runtime == "auto" else runtime]
    if kind.name not in able:
        raise InputError(
            f"the runtime {runtime!r} does not run {', '.join(sorted(suffixes))} files ({opened.folder}). "
            f"Able to: {', '.join(able) or 'none'}"
        )
    require_hardware(opened)
    if opened.manifest.parity_status == "failed":
        logger.warning("%s missed a parity floor when it was exported: see its manifest", opened.folder)
    kind.require_usable(threads, device)
    return kind(opened, threads, device) if kind.on_card else kind(opened, threads)


def find_runtime(name: str) -> type[Runtime]:
    """Return a runtime's class by its name.

    Raises:
        InputError: no such runtime; the message suggests the nearest name.
    """
    if name not in RUNTIMES:
        raise InputError(f"no runtime named {name!r}{suggestion(name, ('auto', *RUNTIMES))}")
    return RUNTIMES[name]


def _open(source: str | Path | Artifact | Bundle, runtime: str) -> Artifact | Bundle:
    if isinstance(source, Artifact | Bundle):
        return source
    folder = Path(source)
    artifact, bundle = (folder / MANIFEST_FILE).exists(), (folder / HEADER).exists()
    if artifact and bundle:
        opened = load_bundle(folder)
        return opened if runtime == TorchRuntime.name else artifact_of(opened)
    if artifact:
        return read_artifact(folder)
    if bundle:
        return load_bundle(folder)
    raise InputError(f"{folder} is neither an artifact (it has no {MANIFEST_FILE}) nor a bundle (it has no {HEADER})")


def _choose(able: list[str], artifact: Artifact, suffixes: set[str]) -> str:
    """Return the name of the runtime that `auto` stands for."""
    reasons = {name: RUNTIMES[name].why_not_here() for name in AUTO if name in able}
    for name, reason in reasons.items():
        if not reason:
            return name
    if not reasons:
        named = f": name one of {', '.join(able)}" if able else ""
        raise InputError(f"no runtime here runs {', '.join(sorted(suffixes))} files ({artifact.folder}){named}")
    raise MissingDependency(f"nothing here runs {artifact.folder}: {'; '.join(reasons.values())}")
