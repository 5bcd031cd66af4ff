"""Files of published npm packages that a page loads: from npm's registry, or from a path that the user names."""

import hashlib
import tarfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from f2p_deploy.system.causes import reason_of
from f2p_deploy.system.downloads import Published, download_published
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import require
from f2p_deploy.system.files import sha256_of
from f2p_deploy.system.progress import Progress, silent

_REGISTRY = "https://registry.npmjs.org"


@dataclass(frozen=True)
class NpmPackage:
    """A published package of npm, and the files of it that a page loads.

    Args:
        name: as npm has it (`onnxruntime-web`).
        version: the version that the page was tested with.
        sha256: of the published archive.
        files: SHA-256 of each file, by its path inside the package.
        option: the command-line option that names another source (`--onnxruntime-web`).
    """

    name: str
    version: str
    sha256: str
    files: Mapping[str, str]
    option: str

    @property
    def short_name(self) -> str:
        """The name without its scope."""
        return self.name.rpartition("/")[2]

    @property
    def cached(self) -> Path:
        """Where the download leaves the archive: the user's cache folder."""
        from platformdirs import user_cache_path

        return user_cache_path("f2p-deploy", appauthor=False) / f"{self.short_name}-{self.version}.tgz"

    def require_source(self, source: Path | None = None) -> None:
        """Raise unless the files can be read or downloaded, before slow work begins.

        Raises:
            InputError: the named path does not exist.
            MissingDependency: they must be downloaded, and the extra `web` is not installed.
        """
        if source is not None and not source.exists():
            raise InputError(f"{self.option}: there is no {source}")
        if source is None and not self._is_cached():
            require("web", f"the download of {self.name}")

    def _is_cached(self) -> bool:
        """Return whether the cache holds the published archive; a damaged one is downloaded again."""
        return self.cached.is_file() and sha256_of(self.cached) == self.sha256

    def read(
        self, source: Path | None = None, leave_out: Collection[str] = (), progress: Progress = silent
    ) -> dict[str, bytes]:
        """Return the files by their names without folders, each checked against its SHA-256.

        Args:
            source: npm's archive (`.tgz`), its unpacked folder, or the folder of the files themselves; None for the
                archive in the user's cache, which is downloaded once.
            leave_out: names of files that are not read.
            progress: called while the archive is downloaded.

        Raises:
            InputError: the source lacks a file or has another version.
            MissingDependency, F2PError: the archive must be downloaded and cannot be.
        """
        if source is None and self._is_cached():
            source = self.cached
        if source is None:
            require("web", f"the download of {self.name}")
            url = f"{_REGISTRY}/{self.name}/-/{self.short_name}-{self.version}.tgz"
            published = Published(f"package {self.name}", url, self.sha256, f"name the file with {self.option}")
            source = download_published(published, self.cached, 60.0, progress)
        paths = {path.rpartition("/")[2]: path for path in self.files}
        paths = {name: path for name, path in paths.items() if name not in leave_out}
        files = self._from_folder(source, paths) if source.is_dir() else self._from_archive(source, paths)
        for name, content in files.items():
            if hashlib.sha256(content).hexdigest() != self.files[paths[name]]:
                raise InputError(
                    f"{name} in {source} is not that of {self.name} {self.version}, with which the page was tested: "
                    f"name that version, or leave {self.option} out"
                )
        return files

    def _from_folder(self, folder: Path, paths: Mapping[str, str]) -> dict[str, bytes]:
        whole = all((folder / path).is_file() for path in paths.values())
        try:
            return {name: (folder / (path if whole else name)).read_bytes() for name, path in paths.items()}
        except OSError as error:
            raise InputError(f"{folder} is not the folder of {self.name}: {reason_of(error, 'unreadable')}") from error

    def _from_archive(self, archive: Path, paths: Mapping[str, str]) -> dict[str, bytes]:
        files = {}
        try:
            with tarfile.open(archive) as opened:
                for name, path in paths.items():
                    member = opened.extractfile(f"package/{path}")
                    files[name] = member.read() if member else b""
        except (OSError, tarfile.TarError, KeyError, EOFError) as error:
            raise InputError(f"{archive} is not npm's package {self.name}, or damaged") from error
        return files
