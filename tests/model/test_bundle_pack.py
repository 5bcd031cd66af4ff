import hashlib
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")

from f2p_deploy.model import bundle_pack  # noqa: E402
from f2p_deploy.model.bundle import load_bundle, replace_settings  # noqa: E402
from f2p_deploy.model.bundle_artifact import artifact_of  # noqa: E402
from f2p_deploy.model.bundle_pack import pack_bundle, unpack_bundle  # noqa: E402
from f2p_deploy.model.setting_paths import change_settings  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402


@pytest.fixture
def packed(small_bundle, tmp_path: Path) -> Path:
    pack_bundle(small_bundle, tmp_path / "small.zip")
    return tmp_path / "small.zip"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_bundle_comes_back_as_it_was(small_bundle, packed: Path, tmp_path: Path) -> None:
    unpacked = unpack_bundle(packed, tmp_path / "new" / "again")
    assert unpacked.path == tmp_path / "new" / "again" and unpacked.fingerprint == small_bundle.fingerprint
    files = {path.name: path.read_bytes() for path in unpacked.path.iterdir()}
    assert files == {name: (small_bundle.path / name).read_bytes() for name in ("bundle.json", *small_bundle.stored)}
    assert unpacked.imitator is not None


def test_the_same_bundle_gives_the_same_bytes(small_bundle, packed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(small_bundle.path, copy, copy_function=shutil.copyfile)  # other times
    (copy / "notes.txt").write_text("not of the bundle")
    names = pack_bundle(load_bundle(copy), tmp_path / "other.zip")
    assert sha256(packed) == sha256(tmp_path / "other.zip")
    assert names[0] == "bundle.json" and list(names[1:]) == sorted(small_bundle.stored)


def test_an_artifact_goes_along_while_it_is_of_this_state(carrying_bundle, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(carrying_bundle.path, folder)
    assert "manifest.json" in pack_bundle(load_bundle(folder), tmp_path / "a.zip")
    unpacked = unpack_bundle(tmp_path / "a.zip", tmp_path / "unpacked")
    assert artifact_of(unpacked).manifest.bundle_fingerprint == carrying_bundle.fingerprint
    bundle = load_bundle(folder)
    changed = replace_settings(bundle, change_settings(bundle.settings, ["hybrid.iterations=3"])[0])
    assert "manifest.json" not in pack_bundle(changed, tmp_path / "b.zip")


def test_an_existing_folder_is_not_replaced(small_bundle, packed: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert unpack_bundle(packed, tmp_path / "empty").networks == small_bundle.networks
    with pytest.raises(InputError, match="is not an empty folder"):
        unpack_bundle(packed, tmp_path / "empty")
    with pytest.raises(InputError, match="is not an empty folder"):
        unpack_bundle(packed, packed)


def add(name: str, content: bytes = b"x", **facts: int) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        entry = zipfile.ZipInfo(name)
        for key, value in facts.items():
            setattr(entry, key, value)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(entry, content)

    return change


def without_header(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"x")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-50])


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def repacked(path: Path) -> None:
    """Change a weight and pack it again properly, which only the bundle's own hashes notice."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["imitator.safetensors"] = files["imitator.safetensors"][:-1] + b"x"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (add("../evil"), "'../evil' would be written outside of the folder"),
        (add("a/../../evil"), "would be written outside of the folder"),
        (add("/tmp/evil"), "would be written outside of the folder"),
        (add("C:evil"), "would be written outside of the folder"),
        (add("..\\evil"), "would be written outside of the folder"),
        (add("link", b"/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16), "is a link, encrypted or packed"),
        (add("Bundle.JSON"), "holds 'Bundle.JSON' twice"),
        (add("notes.txt"), "'notes.txt' is no file of the bundle"),
        (add("bundle.json/a"), "cannot unpack .*small.zip: "),
        (without_header, "is not a packed bundle: it has no bundle.json"),
        (cut, "it is no .zip file, or damaged or cut short"),
        (flipped, "it is no .zip file, or damaged or cut short"),
        (repacked, "imitator.safetensors is damaged: its SHA-256 is not the one in bundle.json"),
        (lambda path: path.write_bytes(b"hello"), "it is no .zip file"),
        (lambda path: path.unlink(), "cannot unpack .*small.zip: No such file"),
    ],
)
def test_what_is_refused_leaves_nothing(packed: Path, tmp_path: Path, change, sentence: str) -> None:
    change(packed)
    (tmp_path / "place").mkdir()
    with pytest.raises(InputError, match=sentence) as caught:
        unpack_bundle(packed, tmp_path / "place" / "bundle")
    assert list((tmp_path / "place").iterdir()) == [] and ".f2p-" not in str(caught.value)
    assert not (tmp_path / "evil").exists()


def test_bounds(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for bound, sentence in (
        ("MOST_FILES", "more than 2 files"),
        ("MOST_BYTES", "more than 1024 files or 0 GiB"),
        ("MOST_HEADER_BYTES", "or a huge one"),
    ):
        with monkeypatch.context() as patch, pytest.raises(InputError, match=sentence):
            patch.setattr(bundle_pack, bound, 2)
            unpack_bundle(packed, tmp_path / "bundle")
    with monkeypatch.context() as patch, pytest.raises(InputError, match="are free"):
        patch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, 0))
        unpack_bundle(packed, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_a_table_of_contents_that_lies_about_a_size(packed: Path, tmp_path: Path) -> None:
    """A deflated entry that unpacks to more bytes than it says is cut off there."""
    content = bytes(1 << 22)
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", content)
    raw = packed.read_bytes()
    size = len(content).to_bytes(4, "little")
    assert raw.count(size) == 2
    packed.write_bytes(raw.replace(size, (100).to_bytes(4, "little")))
    with pytest.raises(InputError, match="damaged or cut short"):
        unpack_bundle(packed, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_nothing_is_left_of_a_pack_that_fails(small_bundle, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(small_bundle.path, copy)
    bundle = load_bundle(copy)
    (copy / "translator.safetensors").unlink()
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="cannot write"):
        pack_bundle(bundle, tmp_path / "out" / "a.zip")
    assert list((tmp_path / "out").iterdir()) == []
