"""Files of an embedded package: texts from templates, JSON, copies of this package's own files, and their sizes."""

import json
import shutil
from importlib.resources import as_file, files
from pathlib import Path
from string import Template


def filled(name: str, **words: str) -> str:
    """Return a template of this package with its words filled in.

    Args:
        name: the file's name.
        words: the texts of its `$words`.
    """
    text = (files("f2p_deploy.embed") / name).read_text(encoding="utf-8")
    return Template(text).substitute(words)


def json_bytes(content: object) -> bytes:
    """Return plain data as the UTF-8 bytes of a JSON file."""
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def put_file(path: Path, content: bytes) -> None:
    """Write a file, and the folders above it if they are missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def copy_own(name: str, folder: Path) -> None:
    """Copy a folder of this package's files into another folder, which may exist."""
    with as_file(files("f2p_deploy.embed") / name) as source:
        shutil.copytree(source, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)


def sizes_of_files(folder: Path) -> dict[str, int]:
    """Return the size in bytes of each file in a folder by its path inside, with `/`, in sorted order."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}
