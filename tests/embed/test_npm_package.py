import io
import tarfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from f2p_deploy.embed.npm_package import NpmPackage
from f2p_deploy.system.errors import InputError, MissingDependency
from f2p_deploy.system.extras import EXTRAS

FILES = {"dist/one.mjs": b"one", "wasm/two.wasm": b"two"}
PACKAGE = NpmPackage(
    "@scope/some-package", "1.2.3", "", {path: sha256(text).hexdigest() for path, text in FILES.items()}, "--some"
)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    with tarfile.open(tmp_path / "some.tgz", "w:gz") as opened:
        for path, content in FILES.items():
            member = tarfile.TarInfo(f"package/{path}")
            member.size = len(content)
            opened.addfile(member, io.BytesIO(content))
    return tmp_path / "some.tgz"


def test_an_archive_and_folders_give_the_same_files(archive: Path, tmp_path: Path) -> None:
    flat, whole = tmp_path / "flat", tmp_path / "whole"
    for path, content in FILES.items():
        for file in (flat / Path(path).name, whole / path):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    for source in (archive, flat, whole):
        assert PACKAGE.read(source) == {"one.mjs": b"one", "two.wasm": b"two"}
    assert PACKAGE.read(archive, ("two.wasm",)) == {"one.mjs": b"one"}


def test_another_version_is_refused(tmp_path: Path) -> None:
    for path in FILES:
        (tmp_path / Path(path).name).write_bytes(b"another version")
    with pytest.raises(InputError, match="is not that of @scope/some-package 1.2.3"):
        PACKAGE.read(tmp_path)


def test_other_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not the folder of @scope/some-package"):
        PACKAGE.read(tmp_path)
    text = tmp_path / "text.tgz"
    text.write_text("no archive")
    with pytest.raises(InputError, match="is not npm's package @scope/some-package, or damaged"):
        PACKAGE.read(text)
    with pytest.raises(InputError, match="--some: there is no"):
        PACKAGE.require_source(tmp_path / "nothing")


def test_a_cached_archive_needs_no_extra_and_a_damaged_one_is_not_used(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setitem(EXTRAS, "web", ("no_such_module",))
    package = replace(PACKAGE, sha256=sha256(archive.read_bytes()).hexdigest())
    with pytest.raises(MissingDependency, match="the download of @scope/some-package needs no_such_module"):
        package.read()
    package.cached.parent.mkdir(parents=True)
    package.cached.write_bytes(archive.read_bytes())
    package.require_source()
    assert package.read() == {"one.mjs": b"one", "two.wasm": b"two"}
    package.cached.write_bytes(b"damaged")
    with pytest.raises(MissingDependency):
        package.read()


def test_the_cached_archive_has_no_scope_in_its_name() -> None:
    assert PACKAGE.cached.name == "some-package-1.2.3.tgz"
