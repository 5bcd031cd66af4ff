"""The files of onnxruntime-web that a page loads: the published ones, from npm or from a folder that the user names."""

import hashlib
import tarfile
from pathlib import Path

from f2p_deploy.system.causes import reason_of
from f2p_deploy.system.downloads import Published, download_published
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import require
from f2p_deploy.system.progress import Progress, silent

#: The version that the page was built and tested with; the same as in `web/package-lock.json`.
VERSION = "1.30.0"

_URL = f"https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-{VERSION}.tgz"
_SHA256 = "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71"

#: SHA-256 of each file, which npm's package has in its folder `dist`. The last three are for WebGPU.
FILES = {
    "ort.wasm.min.mjs": "219e6a1fc8a9938268d18efca3c91d310bd2f4a59bbd13744df5b2b7fc6cee3b",
    "ort-wasm-simd-threaded.mjs": "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    "ort.webgpu.min.mjs": "3dffff71811bc13a3a3d9591c57ca5ee5735b8f5f3eaf789510b02bb040ae3a0",
    "ort-wasm-simd-threaded.asyncify.mjs": "3d1c85995364bb643302fc6fd877a0c3ba5ae72401815e0f24828a53d9191e28",
    "ort-wasm-simd-threaded.asyncify.wasm": "39f9f0894d478800487ed9f7dbe92618498db320cf55c8e3d89adff8dce658da",
}

#: Files that only a page with WebGPU loads.
WEBGPU_FILES = tuple(name for name in FILES if "webgpu" in name or "asyncify" in name)


def cached_package() -> Path:
    """Return where the download leaves npm's package: the user's cache folder."""
    from platformdirs import user_cache_path

    return user_cache_path("f2p-deploy", appauthor=False) / f"onnxruntime-web-{VERSION}.tgz"


def require_source(source: Path | None = None) -> None:
    """Raise unless the files can be read or downloaded, before slow work begins.

    Raises:
        InputError: the named path is neither npm's package nor a folder.
        MissingDependency: they must be downloaded, and the extra `web` is not installed.
    """
    if source is not None and not source.exists():
        raise InputError(f"--onnxruntime-web: there is no {source}")
    if source is None and not cached_package().exists():
        require("web", "the download of onnxruntime-web")


def onnxruntime_web(source: Path | None = None, webgpu: bool = True, progress: Progress = silent) -> dict[str, bytes]:
    """Return the files of onnxruntime-web by name, each checked against its SHA-256.

    Args:
        source: npm's package (`onnxruntime-web-.tgz`) or its unpacked folder (`node_modules/onnxruntime-web`);
            None for the package in the user's cache, which is downloaded once (33 MB).
        webgpu: with the files that only a page with WebGPU loads (27 of 41 MB).
        progress: called while the package is downloaded.

    Raises:
        InputError: the source lacks a file or has another version.
        MissingDependency, F2PError: the package must be downloaded and cannot be.
    """
    if source is None:
        require_source()
        advice = "name the file with --onnxruntime-web"
        source = download_published(
            Published("package onnxruntime-web", _URL, _SHA256, advice), cached_package(), 60.0, progress
        )
    names = [name for name in FILES if webgpu or name not in WEBGPU_FILES]
    read = _from_folder if source.is_dir() else _from_package
    files = read(source, names)
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != FILES[name]:
            raise InputError(
                f"{name} in {source} is not that of onnxruntime-web {VERSION}, with which the page was tested: name "
                "that version, or leave --onnxruntime-web out"
            )
    return files


def _from_folder(folder: Path, names: list[str]) -> dict[str, bytes]:
    dist = folder / "dist" if (folder / "dist").is_dir() else folder
    try:
        return {name: (dist / name).read_bytes() for name in names}
    except OSError as error:
        raise InputError(f"{folder} is not the folder of onnxruntime-web: {reason_of(error, 'unreadable')}") from error


def _from_package(package: Path, names: list[str]) -> dict[str, bytes]:
    files = {}
    try:
        with tarfile.open(package) as archive:
            for name in names:
                member = archive.extractfile(f"package/dist/{name}")
                files[name] = member.read() if member else b""
    except (OSError, tarfile.TarError, KeyError, EOFError) as error:
        raise InputError(f"{package} is not npm's package onnxruntime-web, or damaged") from error
    return files
