"""Export a bundle into its own folder: ONNX graphs that read the weights from the bundle's files.

A bundle's `.safetensors` files hold float16 weights in the layout of ONNX's external data, so the graphs refer to them.
The export adds the graphs, golden vectors, the manifest, and the few weights that no file of the bundle holds.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from f2p_deploy.alignment.sample_faces import Faces
from f2p_deploy.artifact.artifact import GOLDEN_FILE, MANIFEST_FILE, Artifact, read_artifact, write_artifact
from f2p_deploy.artifact.onnx_file import external_files
from f2p_deploy.export.bundle_export import export_bundle
from f2p_deploy.export.onnx.onnx_weights import Place, key_of, save_sharing_weights
from f2p_deploy.export.targets.target import BuildOptions
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.runtimes.verification import verify
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import PREFIX
from f2p_deploy.system.interruption import postponed
from f2p_deploy.system.progress import Progress, silent

#: Bytes of the number at the beginning of a safetensors file: the length of its header, little-endian.
LENGTH_BYTES = 8


def export_beside(
    bundle: Bundle, command: str, faces: Faces | None = None, progress: Progress = silent
) -> Artifact:
    """Export a bundle to ONNX into its own folder, replacing an earlier artifact.

    Parity is measured on an ordinary export with `--weights float16`. The golden vectors are then run again with the
    final files.

    Args:
        bundle: a complete bundle that stores its weights in float16; its files are not changed.
        command: the command line that repeats the export, for the manifest.
        faces: see `export_bundle`.
        progress: called with a description of each stage.

    Raises:
        InputError, MissingDependency, CompilerError: as in `export_bundle`, or the folder cannot be written.
        FloorMissed: the artifact misses a threshold of parity; nothing was changed.
    """
    try:
        with tempfile.TemporaryDirectory(dir=bundle.path.absolute().parent, prefix=PREFIX) as temporary:
            options = BuildOptions(weights="float16")
            exported = export_bundle(bundle, "onnx", Path(temporary) / "onnx", 1, faces, progress, options=options)
            exported.manifest.require_parity()
            progress("weights from the bundle's own files")
            artifact = _reading_from(bundle, exported, Path(temporary) / "beside", command)
            verify(artifact.folder, "onnxruntime").measured.require_parity()
            _move(artifact, bundle)
    except OSError as error:
        raise InputError(f"cannot write into {bundle.path}: {error.strerror or error}") from error
    return read_artifact(bundle.path)


def _reading_from(bundle: Bundle, exported: Artifact, folder: Path, command: str) -> Artifact:
    """Write an export's graphs again, with weights in copies of the bundle's files beside them."""
    import onnx

    entries = exported.manifest.graphs.values()
    files = [file for entry in entries for file in (entry.file, entry.many) if file]
    models = {file.removesuffix(".onnx"): onnx.load(exported.folder / file) for file in files}
    with write_artifact(folder) as draft:
        save_sharing_weights(models, draft.folder, elsewhere=dict(_places(bundle)))
        graphs = (onnx.load(draft.folder / f"{name}.onnx", load_external_data=False) for name in models)
        read = {file for graph in graphs for file in external_files(graph)}
        for file in sorted(read & set(bundle.stored)):
            shutil.copyfile(bundle.path / file, draft.folder / file)
        shutil.copyfile(exported.folder / GOLDEN_FILE, draft.folder / GOLDEN_FILE)
        draft.manifest = replace(exported.manifest, command=command)
    return read_artifact(folder)


def _places(bundle: Bundle) -> Iterator[tuple[bytes, Place]]:
    """Yield the key and the place of each tensor of a bundle."""
    for file in bundle.stored:
        content = (bundle.path / file).read_bytes()
        start = LENGTH_BYTES + int.from_bytes(content[:LENGTH_BYTES], "little")
        for name, entry in json.loads(content[LENGTH_BYTES:start]).items():
            if name == "__metadata__":
                continue
            begin, end = (start + offset for offset in entry["data_offsets"])
            yield key_of(content[begin:end]), Place(file, begin, end - begin)


def _move(artifact: Artifact, bundle: Bundle) -> None:
    """Move an artifact's own files into the bundle's folder, the manifest last: without it there is no artifact."""
    own = [name for name in artifact.manifest.files if name not in bundle.stored]
    with postponed():
        (bundle.path / MANIFEST_FILE).unlink(missing_ok=True)
        for name in (*own, MANIFEST_FILE):
            os.replace(artifact.folder / name, bundle.path / name)
