"""The optional packages: the modules of each extra, the check that they are installed, and the line to install them."""

import json
import os
import shlex
import shutil
import sys
import tomllib
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from f2p_deploy.system.errors import MissingDependency

#: This package's name for pip. It is on no package index, so `pip install` of the name alone fails.
NAME = "f2p-deploy"

#: The file of versions that are tested together, in a clone's root.
CONSTRAINTS = "constraints.txt"

#: The modules that each extra of pyproject.toml installs, by their import names.
EXTRAS: dict[str, tuple[str, ...]] = {
    "export": ("torch", "onnx", "onnxscript", "onnxsim"),
    "edit": ("starlette", "uvicorn"),
    "faces": ("mediapipe", "skimage", "pooch"),
    "heif": ("pillow_heif",),
    "engine": ("numba",),
    "rtx": ("tensorrt_rtx", "cuda"),
    "trt": ("tensorrt", "cuda"),
    "trt-lean": ("tensorrt_lean", "cuda"),
    "pycuda": ("pycuda",),
    "coreml": ("coremltools", "torch"),
    "openvino": ("openvino",),
    "litert": ("ai_edge_litert",),
    "executorch": ("executorch", "torch"),
    "ncnn": ("ncnn", "pnnx"),
    "web": ("pooch",),
    "serve": ("fastapi", "uvicorn", "python_multipart", "prometheus_client"),
    "client": ("httpx",),
    "batch": ("pyarrow",),
    "ray": ("ray",),
    "bench": ("matplotlib",),
    "train": ("lightning_fabric", "tomli_w", "tensorboard"),
    "dev": (
        "pytest", "xdist", "ruff", "mypy", "importlinter", "tree_sitter", "tree_sitter_swift", "tree_sitter_c",
        "tree_sitter_c_sharp", "dlib", "face_recognition_models", "schemathesis", "tritonclient", "grpc",
        "kubernetes_validate",
    ),
}

#: Package names of modules that are imported by another name.
PACKAGES = {
    "skimage": "scikit-image",
    "pillow_heif": "pillow-heif",
    "tensorrt_rtx": "tensorrt-rtx",
    "tensorrt_lean": "tensorrt-lean",
    "cuda": "cuda-bindings",
    "ai_edge_litert": "ai-edge-litert",
    "lightning_fabric": "lightning-fabric",
    "tomli_w": "tomli-w",
    "xdist": "pytest-xdist",
    "importlinter": "import-linter",
    "tree_sitter": "tree-sitter",
    "tree_sitter_swift": "tree-sitter-swift",
    "tree_sitter_c": "tree-sitter-c",
    "tree_sitter_c_sharp": "tree-sitter-c-sharp",
    "face_recognition_models": "face-recognition-models",
    "python_multipart": "python-multipart",
    "prometheus_client": "prometheus-client",
    "grpc": "grpcio",
    "kubernetes_validate": "kubernetes-validate",
}


def missing_modules(extra: str) -> tuple[str, ...]:
    """Return the modules of an extra that are not installed."""
    return tuple(module for module in EXTRAS[extra] if find_spec(module) is None)


def require(extra: str, purpose: str) -> None:
    """Check that every module of an extra is installed.

    Args:
        extra: a key of `EXTRAS`.
        purpose: the task that needs it, as the subject of a sentence ("training", "the MediaPipe landmarker").

    Raises:
        MissingDependency: a module is missing; the message holds the line that installs the extra.
    """
    missing = missing_modules(extra)
    if missing:
        packages = ", ".join(PACKAGES.get(module, module) for module in missing)
        raise MissingDependency(f"{purpose} needs {packages}, not installed here: {install_line(extra)}")


def install_line(*extras: str, options: str = "") -> str:
    """Return the command line that installs extras of this package from the source of the present installation.

    In a clone this is an editable install, with the tested versions of its constraints file. Otherwise it is the file,
    folder or address that pip has recorded (`direct_url.json`, PEP 610).

    Args:
        extras: keys of `EXTRAS`; none for the base install.
        options: more options of pip, such as `--upgrade`.
    """
    clone = source_tree()
    source, note = from_direct_url(_direct_url(), extras) if clone is None else (_from_clone(clone, extras), "")
    return f"{_pip()} install {source}{f' {options}' if options else ''}{note}"


def package_line(package: str) -> str:
    """Return the command line that installs a single package instead of an extra."""
    return f"{_pip()} install {package}"


def command_name() -> str:
    """Return the command to type for `f2p-deploy`: the word alone if the shell finds this installation, else a path."""
    own = Path(sys.executable).parent / NAME
    in_path = shutil.which(NAME)
    if not own.exists() or (in_path is not None and Path(in_path).resolve() == own.resolve()):
        return NAME
    return shlex.quote(_shown(own))


def source_tree() -> Path | None:
    """Return the clone that this code runs from, or None if it is installed in an environment."""
    root = Path(__file__).resolve().parents[2]
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):
        return None
    return root if project.get("name") == NAME else None


def from_direct_url(record: Mapping[str, Any] | None, extras: Sequence[str]) -> tuple[str, str]:
    """Return the argument for `pip install`, and a note for the user (often empty).

    Args:
        record: the content of `direct_url.json`; None if the package came from an index.
        extras: keys of `EXTRAS`.
    """
    if record is None:
        return shlex.quote(NAME + _suffix(extras)), f" (from the index that {NAME} came from)"
    url, folder, version_control = str(record["url"]), record.get("subdirectory"), record.get("vcs_info", {})
    if urlsplit(url).scheme == "file" and not version_control:
        path = Path(url2pathname(urlsplit(url).path))
        if not path.exists():
            note = f" (what {NAME} was installed from, no longer in {path.parent})"
            return shlex.quote(_beside(path.name) + _suffix(extras)), note
        if record.get("dir_info", {}).get("editable"):
            return _from_clone(path, extras), ""
        return f"{shlex.quote(_beside(_shown(path)) + _suffix(extras))}{_constraints(path)}", ""
    if version_control:
        revision = version_control.get("requested_revision") or version_control.get("commit_id", "")
        url = f"{version_control['vcs']}+{url}{f'@{revision}' if revision else ''}"
    return shlex.quote(f"{NAME}{_suffix(extras)} @ {url}{f'#subdirectory={folder}' if folder else ''}"), ""


def _from_clone(root: Path, extras: Sequence[str]) -> str:
    return f"-e {shlex.quote(_shown(root) + _suffix(extras))}{_constraints(root)}"


def _beside(path: str) -> str:
    """Return a path that pip recognises as one; it would look up a single word as a package on an index."""
    return path if os.sep in path else f".{os.sep}{path}"


def _suffix(extras: Sequence[str]) -> str:
    return f"[{','.join(extras)}]" if extras else ""


def _constraints(folder: Path) -> str:
    """Return the option that keeps all packages at the versions that are tested together, if their file is there."""
    file = folder / CONSTRAINTS
    return f" -c {shlex.quote(_shown(file))}" if file.is_file() else ""


def _direct_url() -> Mapping[str, Any] | None:
    try:
        text = distribution(NAME).read_text("direct_url.json")
        return None if text is None else dict(json.loads(text))
    except (PackageNotFoundError, ValueError):
        return None


def _pip() -> str:
    """Return the command for pip in this environment: the word alone if the shell finds that pip."""
    in_path = shutil.which("pip")
    if in_path is not None and Path(in_path).parent.resolve() == Path(sys.executable).parent.resolve():
        return "pip"
    return f"{shlex.quote(_shown(Path(sys.executable)))} -m pip"


def _shown(path: Path) -> str:
    """Return a path for the command line: relative if it is below the working directory, else absolute."""
    here = Path(os.path.relpath(path)) if path.drive == Path.cwd().drive else path
    return str(path if here.parts[:1] == ("..",) else here)
