"""Write an artifact as a folder of static files: the editor page, the library `CharacterMaker`, and the graphs."""

import hashlib
import shutil
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from f2p_deploy import __version__
from f2p_deploy.alignment import NetworkFinder
from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.artifact.manifest import FileRecord
from f2p_deploy.embed.golden_files import GOLDEN_INDEX, golden_files
from f2p_deploy.embed.onnxruntime_web import ONNXRUNTIME_WEB, WEBGPU_FILES
from f2p_deploy.embed.package_files import copy_own, filled, json_bytes, put_file, sizes_of_files
from f2p_deploy.embed.tasks_vision import TASKS_VISION
from f2p_deploy.embed.web_contract import FINDER, LANDMARKER, require_web, web_contract, web_graphs, weights_of
from f2p_deploy.model.bundle import load_bundle
from f2p_deploy.model.bundle_artifact import artifact_of
from f2p_deploy.system.files import sha256_of, write_folder
from f2p_deploy.system.progress import Progress, silent

#: Folder of the graphs, and the file in it that identifies an embedded page.
MODEL = "model"
CONTRACT = f"{MODEL}/contract.json"

KIND = "web page"

#: Golden samples per graph: enough to recognise a device that computes wrongly, small enough for a phone.
GOLDEN_SAMPLES = 2

#: The text in the service worker that is replaced by a digest of the folder, so that browsers see a new version.
_VERSION_MARK = "@VERSION@"


@dataclass(frozen=True)
class WebPage:
    """A folder of static files that has been written.

    Args:
        folder: the folder; `index.html` is the page.
        files: size in bytes of each file by its path inside the folder, with `/`, in sorted order.
        first: bytes that a browser loads before the first picture, without compression.
    """

    folder: Path
    files: dict[str, int]
    first: int

    def folders(self) -> list[tuple[str, int, str]]:
        """Return the folders with the number of their files and the size as text."""
        sizes: dict[str, list[int]] = {}
        for name, size in self.files.items():
            sizes.setdefault(name.rpartition("/")[0].partition("/")[0], []).append(size)
        return [(name, len(own), f"{sum(own) / 1e6:.2f} MB") for name, own in sorted(sizes.items())]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {"page": str(self.folder), "bytes": sum(self.files.values()), "first": self.first, "files": self.files}


def default_onnx_artifact() -> Artifact:
    """Return the artifact in the folder of the demo bundle.

    Raises:
        InputError: it is damaged.
    """
    return artifact_of(load_bundle())


def embed_web(
    artifact: Artifact,
    out: Path,
    *,
    ort: Path | None = None,
    webgpu: bool = True,
    landmarker: Path | None = None,
    tasks_vision: Path | None = None,
    progress: Progress = silent,
) -> WebPage:
    """Write the static files, atomically and reproducibly.

    Args:
        artifact: an artifact of ONNX graphs.
        out: the folder; a page that is already there is replaced.
        ort: the source of onnxruntime-web, see `NpmPackage.read`.
        webgpu: offer WebGPU to browsers that have it and compute all golden vectors right.
        landmarker: MediaPipe's model file, see `find_landmarker_model`; None to find faces with the package's networks.
        tasks_vision: the source of MediaPipe's library, see `NpmPackage.read`; read only with a landmarker.
        progress: called while npm's packages are downloaded.

    Raises:
        InputError: an artifact that cannot be embedded, see `require_web`, or a folder that cannot be written to.
        FloorMissed: the artifact's parity failed.
        MissingDependency, F2PError: onnxruntime-web must be downloaded and cannot be, or the face finder is damaged.
    """
    require_web(artifact)
    NetworkFinder().prepare()
    ONNXRUNTIME_WEB.require_source(ort)
    if landmarker is not None:
        TASKS_VISION.require_source(tasks_vision)
    runtime = ONNXRUNTIME_WEB.read(ort, () if webgpu else WEBGPU_FILES, progress)
    mediapipe = {} if landmarker is None else TASKS_VISION.read(tasks_vision, (), progress)
    with write_folder(Path(out), CONTRACT, KIND) as folder:
        copy_own("web_page", folder)
        copy_own("web_library", folder / "character-maker")
        for name, content in runtime.items():
            put_file(folder / "onnxruntime" / name, content)
        for name, content in mediapipe.items():
            put_file(folder / "mediapipe" / name, content)
        _write_model(artifact, folder / MODEL, landmarker)
        put_file(folder / "backend.json", json_bytes({"kind": "browser", "webgpu": webgpu}))
        put_file(folder / "README.md", _readme(artifact).encode())
        _finish_service_worker(folder)
    listed = sizes_of_files(Path(out))
    return WebPage(Path(out), listed, _first_bytes(artifact, listed))


def _write_model(artifact: Artifact, folder: Path, landmarker: Path | None) -> None:
    """Write the graphs, their weights, the golden vectors and the contract."""
    index, golden = golden_files(artifact, GOLDEN_SAMPLES, web_graphs(artifact))
    names = {name for graph in web_graphs(artifact).values() for name in (graph.file, *weights_of(artifact, graph))}
    folder.mkdir(parents=True)
    for name in sorted(names):
        shutil.copyfile(artifact.folder / name, folder / name)
    for name in FINDER.values():
        network = files("f2p_deploy.alignment") / "face_finder" / Path(name).name
        put_file(folder / name, network.read_bytes())
    if landmarker is not None:
        put_file(folder / LANDMARKER, landmarker.read_bytes())
    for name, content in golden.items():
        put_file(folder / "golden" / name, content)
    put_file(folder / "golden" / GOLDEN_INDEX, json_bytes(index))
    records = {
        name: FileRecord((folder / name).stat().st_size, sha256_of(folder / name)) for name in sizes_of_files(folder)
    }
    put_file(folder / "contract.json", json_bytes(web_contract(artifact, records)))


def _finish_service_worker(folder: Path) -> None:
    """Give the service worker the files that it keeps for offline use, and a version that follows their content."""
    kept = [name for name in sizes_of_files(folder) if _offline(name)]
    digest = hashlib.sha256()
    for name in kept:
        digest.update(f"{name} {sha256_of(folder / name)}\n".encode())
    path = folder / "service-worker.js"
    path.write_text(path.read_text(encoding="utf-8").replace(_VERSION_MARK, digest.hexdigest()[:16]), encoding="utf-8")
    put_file(folder / "offline.json", json_bytes(kept))


def _offline(name: str) -> bool:
    """Return whether the service worker keeps a file; graphs are kept in IndexedDB, WebGPU's files where it is used."""
    if name.startswith(f"{MODEL}/"):
        return name == CONTRACT
    others = ("service-worker.js", "README.md", "character-maker/", "_headers")
    return not name.startswith(others) and name.rpartition("/")[2] not in WEBGPU_FILES


def _first_bytes(artifact: Artifact, listed: dict[str, int]) -> int:
    """Return the bytes before the first picture: page, runtime for the processor, contract, and the graph `render`."""
    render = artifact.manifest.graphs["render"]
    model = {f"{MODEL}/{name}" for name in (render.file, *weights_of(artifact, render))}
    page = {name for name in listed if _offline(name) and not name.startswith("mediapipe/")}
    return sum(listed[name] for name in model | page)


def _readme(artifact: Artifact) -> str:
    manifest = artifact.manifest
    return filled(
        "WEB.md.in",
        version=__version__,
        bundle=manifest.bundle,
        target=manifest.target,
        onnxruntime=ONNXRUNTIME_WEB.version,
    )
