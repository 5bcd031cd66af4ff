"""f2p-deploy: one photo in, one editable game character out, and the networks that do it on every target.

Names of the public API are resolved when they are first used: importing this package loads no PyTorch and no compiler.
"""

import os

__version__ = "0.1.0"

# From 1.31 on, ONNX Runtime reports its use to Microsoft and leaves a device id in the user's cache, also on Linux and
# macOS, unless it is told not to before it is first imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

#: Where each public name lives.
_PUBLIC = {
    "Artifact": "f2p_deploy.artifact.artifact",
    "Bundle": "f2p_deploy.model.bundle",
    "F2PError": "f2p_deploy.system.errors",
    "OneShot": "f2p_deploy.model.one_shot",
    "Runtime": "f2p_deploy.runtimes",
    "Schema": "f2p_deploy.character.schema",
    "TorchRuntime": "f2p_deploy.runtimes",
    "align_face": "f2p_deploy.pipeline.photo_alignment",
    "diagnose": "f2p_deploy.doctor",
    "export_bundle": "f2p_deploy.export",
    "generate": "f2p_deploy.runtimes.search",
    "load": "f2p_deploy.runtimes",
    "load_bundle": "f2p_deploy.model.bundle",
    "load_schema": "f2p_deploy.character.schema",
    "read_artifact": "f2p_deploy.artifact.artifact",
    "render": "f2p_deploy.runtimes.graph_calls",
    "shipped_schemas": "f2p_deploy.character.schema",
    "write_parameters": "f2p_deploy.character.parameter_files",
    "write_picture": "f2p_deploy.system.pictures",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
