"""The optional packages: which extra brings which module, and the one check before slow work starts."""

from importlib.util import find_spec

from f2p_deploy.errors import MissingDependency

#: The modules that each extra of pyproject.toml brings, by the names they are imported with.
EXTRAS: dict[str, tuple[str, ...]] = {
    "export": ("torch", "onnx", "onnxscript", "onnxsim"),
    "faces": ("mediapipe", "skimage"),
    "heif": ("pillow_heif",),
    "engine": ("numba",),
    "rtx": ("tensorrt_rtx", "cuda"),
    "trt": ("tensorrt", "cuda"),
    "pycuda": ("pycuda",),
    "coreml": ("coremltools", "torch"),
    "openvino": ("openvino",),
    "bench": ("matplotlib",),
    "dev": (
        "pytest", "xdist", "ruff", "mypy", "tree_sitter", "tree_sitter_swift", "tree_sitter_c", "tree_sitter_c_sharp"
    ),
}


def missing_modules(extra: str) -> tuple[str, ...]:
    """Return the modules of an extra that are not installed here."""
    return tuple(module for module in EXTRAS[extra] if find_spec(module) is None)


def require(extra: str, purpose: str) -> None:
    """Raise unless every module of an extra is installed.

    Args:
        extra: a key of `EXTRAS`.
        purpose: what needs it, as the subject of a sentence ("training", "the MediaPipe landmarker").

    Raises:
        MissingDependency: with the line that installs the extra.
    """
    missing = missing_modules(extra)
    if missing:
        raise MissingDependency(
            f"{purpose} needs {', '.join(missing)}, not installed here: pip install 'f2p-deploy[{extra}]'"
        )
