"""Opens artifacts and bundles with the runtime that runs them."""

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

#: What `auto` takes, the first that runs the files and is here. An export is measured with ONNX Runtime by default;
#: OpenVINO searches 1.2 to 1.5 times as fast, but versions of it computed wrong gradients. What computes in less
#: (`openvino-bf16`) or needs a card whose presence is no promise (`onnxruntime-cuda`) is asked for by name.
AUTO = ("onnxruntime", "openvino", "coreml", "tensorrt", "torch")

logger = logging.getLogger(__name__)


def load(
    source: str | Path | Artifact | Bundle, runtime: str = "auto", threads: int | None = None, device: int = 0
) -> Runtime:
    """Check an artifact, or a bundle, and make it ready to run.

    Args:
        source: an artifact's folder, or what `read_artifact` gave; or a bundle's folder, or what `load_bundle` gave,
            which PyTorch runs. Of a folder that is both, PyTorch runs the bundle if it is named, and else the artifact
            is taken.
        runtime: a key of `RUNTIMES`, or `auto`: see `AUTO`.
        threads: how many threads one call uses; as many as this process may use cores if None.
        device: the card's number, for a runtime that computes on one.

    Raises:
        InputError: neither artifact nor bundle, a damaged one, an unknown runtime, or one that does not run this; a
            card for a runtime that computes on the processor.
        MissingDependency: the runtime's package or hardware is not here, or the artifact was built for another machine;
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
        logger.warning("%s missed a parity floor when it was made: see its manifest", opened.folder)
    kind.require_usable(threads, device)
    return kind(opened, threads, device) if kind.on_card else kind(opened, threads)


def find_runtime(name: str) -> type[Runtime]:
    """Return a kind of runtime by its name.

    Raises:
        InputError: no such runtime, with the nearest name.
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
    """Return the runtime that `auto` stands for."""
    reasons = {name: RUNTIMES[name].why_not_here() for name in AUTO if name in able}
    for name, reason in reasons.items():
        if not reason:
            return name
    if not reasons:
        named = f": name one of {', '.join(able)}" if able else ""
        raise InputError(f"no runtime here runs {', '.join(sorted(suffixes))} files ({artifact.folder}){named}")
    raise MissingDependency(f"nothing here runs {artifact.folder}: {'; '.join(reasons.values())}")
