"""Whole jobs: each photo once, the same bits whatever the workers, the source or an interruption."""

import json
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from f2p_deploy.bulk.bulk_source import open_bulk_source
from f2p_deploy.bulk.make_batch import BatchReport, make_batch
from f2p_deploy.bulk.photo_refs import PhotoSource
from f2p_deploy.system.errors import InputError, Interrupted

if TYPE_CHECKING:
    from f2p_deploy.pipeline import ChosenFinder
    from f2p_deploy.runtimes import Runtime

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

Write = Callable[[Path, Mapping[str, bytes]], Path]
Make = Callable[..., BatchReport]


@pytest.fixture(scope="module")
def make(demo_runtime: "Runtime", chosen_finder: "ChosenFinder") -> Make:
    """Make one-shot characters, three photos in each part."""

    def made(source: PhotoSource, out: Path, **settings: Any) -> BatchReport:
        return make_batch(source, out, demo_runtime, chosen_finder, "one-shot", **{"rows": 3, "workers": 1} | settings)

    return made


@pytest.fixture(scope="module")
def whole(make: Make, kept_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> BatchReport:
    """The job of the folder on two workers, without an interruption."""
    return make(open_bulk_source(kept_folder), tmp_path_factory.mktemp("whole") / "out", workers=2)


def contents(out: Path) -> dict[str, bytes]:
    """Return the parts."""
    return {path.name: path.read_bytes() for path in out.iterdir()}


def test_all_sources_give_the_same_characters(
    make: Make, whole: BatchReport, pictures: list[bytes], write_tar: Write, tmp_path: Path
) -> None:
    tar = write_tar(tmp_path / "a.tar", {f"p{i}.jpg": content for i, content in enumerate(pictures)})
    table = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"jpg": pictures}), table)
    found = []
    others = (make(open_bulk_source(source), tmp_path / source.suffix) for source in (tar, table))
    for report in (whole, *others):
        assert (report.photos, report.parts, report.statuses) == (7, 3, {"ok": 6, "unreadable": 1})
        found.append(parquet.read_table(report.out).to_pylist())
    assert [row["key"] for row in found[0]] == [f"p{i}.jpg" for i in range(7)]
    assert [row["key"] for row in found[2]] == [f"a.parquet:{i}" for i in range(7)]
    for same in ("index", "sha256", "status", "parameters", "read", "face"):
        assert [row[same] for row in found[0]] == [row[same] for row in found[1]] == [row[same] for row in found[2]]


def test_a_stopped_job_goes_on_and_leaves_the_same_bytes(
    make: Make, whole: BatchReport, kept_folder: Path, tmp_path: Path
) -> None:
    source = open_bulk_source(kept_folder)

    def interrupt(doing: str, done: float = 0.0, total: float = 0.0) -> None:
        if done >= 6:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(Interrupted, match="stopped: 1 of 3 parts in .* are finished; the same command goes on"):
        make(source, out, progress=interrupt)
    assert list(contents(out)) == ["part-00000.parquet"]
    written = (out / "part-00000.parquet").stat().st_mtime_ns
    report = make(source, out)
    assert (report.earlier, report.made, report.to_dict()["ok"]) == (1, 4, 6)
    assert contents(out) == contents(whole.out) and (out / "part-00000.parquet").stat().st_mtime_ns == written
    assert make(source, out).made == 0
    assert _with_a_killed_worker(make, source, tmp_path / "killed") == contents(whole.out)
    with pytest.raises(InputError, match="made with another --rows"):
        make(source, out, rows=4)


def test_another_list_of_photos_needs_again(
    make: Make, whole: BatchReport, photo_folder: Path, tmp_path: Path
) -> None:
    source, out = open_bulk_source(photo_folder), tmp_path / "out"
    shutil.copytree(whole.out, out)
    assert make(source, out).made == 0, "the same photos elsewhere"
    for i in range(2, 7):
        (photo_folder / f"p{i}.jpg").unlink()
    (photo_folder / "p9.jpg").write_bytes(b"another")
    with pytest.raises(InputError, match="another list of photos"):
        make(source, out)
    assert make(source, out, again=True).statuses == {"ok": 2, "unreadable": 1}


def _with_a_killed_worker(make: Make, source: PhotoSource, out: Path) -> dict[str, bytes]:
    """Return the parts of a job one of whose two workers is killed after the first rows."""
    killed: list[int] = []

    def kill(doing: str, done: float = 0.0, total: float = 0.0) -> None:
        if done and not killed:
            killed.append(multiprocessing.active_children()[0].pid or 0)
            os.kill(killed[0], signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)

    assert make(source, out, workers=2, progress=kill).statuses == {"ok": 6, "unreadable": 1} and killed
    return contents(out)


def test_a_damaged_shard_is_told_and_its_photos_are_rows(
    make: Make, pictures: list[bytes], write_tar: Write, tmp_path: Path
) -> None:
    folder = tmp_path / "shards"
    folder.mkdir()
    path = write_tar(folder / "0.tar", {f"p{i}.jpg": pictures[i] for i in range(2)})
    path.write_bytes(path.read_bytes()[: 512 + len(pictures[0]) + 1500])
    write_tar(folder / "1.tar", {"p2.jpg": pictures[2]})
    report = make(open_bulk_source(folder), tmp_path / "out")
    assert report.statuses == {"ok": 2, "unreadable": 1} and len(report.broken) == 1
    assert "0.tar: the tar file is damaged or incomplete; 2 photos before that are taken" in report.broken[0]


def test_the_page_turns_a_row_into_a_parameters_file(
    make: Make, photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(1, 7):
        (photo_folder / f"p{i}.jpg").unlink()
    (photo_folder / "more").mkdir()
    (photo_folder / "notes.txt").touch()
    report = make(open_bulk_source(photo_folder), tmp_path / "characters")
    assert [one.split(":")[0] for one in report.left_out] == [
        "1 file was not taken as a photo", "1 folder was not looked into",
    ]
    page = (Path(__file__).resolve().parents[2] / "docs" / "batch.md").read_text(encoding="utf-8")
    lines = page.partition("In Python:\n\n")[2].partition("\n\n")[0].splitlines()
    monkeypatch.chdir(tmp_path)
    variables: dict[str, Any] = {}
    exec("\n".join(line[4:] for line in lines).replace("anna.jpg", "p0.jpg"), variables)  # noqa: S102
    found = json.loads((tmp_path / "anna.json").read_text())
    named = dict(zip(variables["names"], variables["values"], strict=True))
    assert found["controllers"] == pytest.approx({name: named[name] for name in found["controllers"]}, abs=1e-6)
    assert named[f"hair={found['discrete']['hair']}"] == 1.0


def test_rows_of_another_column_are_not_kept(make: Make, pictures: list[bytes], tmp_path: Path) -> None:
    path, out = tmp_path / "a.parquet", tmp_path / "out"
    parquet.write_table(pa.table({"jpg": pictures[:1], "thumb": pictures[1:2], "id": ["anna"]}), path)
    make(open_bulk_source(path, column="jpg"), out)
    for other, now in (({"column": "thumb"}, "thumb"), ({"column": "jpg", "key": "id"}, "jpg, names from id")):
        with pytest.raises(InputError, match=rf"made with another --column or --key \(jpg, now {now}\): --again"):
            make(open_bulk_source(path, **other), out)
    make(open_bulk_source(path, column="jpg", key="id"), out, again=True)
    assert parquet.read_table(out)["key"].to_pylist() == ["anna"]


def test_damage_inside_a_parquet_file_is_told(make: Make, pictures: list[bytes], tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"jpg": pictures}), path, row_group_size=4, use_dictionary=False, compression="none")
    content = bytearray(path.read_bytes())
    start = content.index(pictures[4])
    content[start - 40 : start] = b"\xff" * 40
    path.write_bytes(content)
    report = make(open_bulk_source(path), tmp_path / "out")
    assert report.statuses == {"ok": 3, "unreadable": 1, "damaged-shard": 3}
    assert report.broken == ("a.parquet: 3 of its photos could not be read, it is damaged",)


def test_settings_that_cannot_be_used_are_refused_before_anything_is_written(
    make: Make, photo_folder: Path, demo_runtime: "Runtime", chosen_finder: "ChosenFinder", tmp_path: Path
) -> None:
    source, out = open_bulk_source(photo_folder), tmp_path / "out"
    with pytest.raises(InputError, match="a part has 1 to 65536 rows, found 0"):
        make(source, out, rows=0)
    with pytest.raises(InputError, match="at least one worker makes characters, found 0"):
        make(source, out, workers=0)
    with pytest.raises(InputError, match="no mode named 'oneshot'. Did you mean 'one-shot'"):
        make_batch(source, out, demo_runtime, chosen_finder, "oneshot")
    shutil.rmtree(photo_folder)
    with pytest.raises(InputError):
        make(source, out)
    assert not out.exists()
