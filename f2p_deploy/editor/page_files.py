"""The built page's files, in memory: only what was found at the start is ever sent."""

import re
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from f2p_deploy.system.errors import MissingDependency

#: The page's start, and the policy in it that names what the page may load.
INDEX = "index.html"
_POLICY = re.compile(r'http-equiv="Content-Security-Policy"\s+content="([^"]+)"')

#: Media types by suffix; any other file is sent as bytes.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True)
class PageFile:
    """One file: its content and its media type."""

    content: bytes
    media_type: str


def read_page(folder: Traversable | None = None) -> dict[str, PageFile]:
    """Return the page's files by their paths below its folder.

    Args:
        folder: the built page; None for the one in this package.

    Raises:
        MissingDependency: the page was not built.
    """
    folder = files("f2p_deploy.embed") / "web_page" if folder is None else folder
    if not (folder / INDEX).is_file():
        raise MissingDependency(f"the editor's page is missing ({folder}): build it with npm run build in web/")
    return dict(_below(folder, ""))


def _below(folder: Traversable, path: str) -> list[tuple[str, PageFile]]:
    found = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _below(entry, f"{path}{entry.name}/")
        else:
            suffix = f".{entry.name.rpartition('.')[2]}"
            media_type = _TYPES.get(suffix, "application/octet-stream")
            found.append((path + entry.name, PageFile(entry.read_bytes(), media_type)))
    return found


def policy_of(page: dict[str, PageFile]) -> str:
    """Return the page's Content-Security-Policy for the header, which also forbids to frame the page."""
    found = _POLICY.search(page[INDEX].content.decode("utf-8"))
    loads = found[1] if found else "default-src 'self'"
    return f"{loads}; frame-ancestors 'none'"
