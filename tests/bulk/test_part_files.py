"""The folder of parts: finished ones, parts of other jobs, places that cannot be one."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from f2p_deploy.bulk.part_files import (
    count_rows,
    finished_parts,
    hold_parts,
    part_name,
    remove_parts,
    require_parts_place,
)
from f2p_deploy.bulk.part_table import BulkConditions, table_bytes
from f2p_deploy.bulk.photo_refs import PhotoRef
from f2p_deploy.bulk.photo_rows import killed_row
from f2p_deploy.pipeline.kept import Conditions
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.runtimes import Runtime

pytest.importorskip("pyarrow")

CONDITIONS = BulkConditions("abc", 5, 2, "auto", Conditions("1.0", "b", "onnxruntime", "networks", None, None, None))


@pytest.fixture
def parts(demo_runtime: "Runtime", tmp_path: Path) -> Path:
    """The first and the last of three parts."""
    for part, indices in ((0, (0, 1)), (2, (4,))):
        rows = [killed_row(PhotoRef(i, "a.tar", str(i), i), "ended") for i in indices]
        entries = {**CONDITIONS.entries(), "part": str(part)}
        (tmp_path / part_name(part)).write_bytes(table_bytes(rows, demo_runtime.schema, entries))
    return tmp_path


def test_finished_parts_are_found_and_counted(parts: Path) -> None:
    (parts / "notes.txt").touch()
    assert finished_parts(parts, CONDITIONS) == {0, 2}
    statuses, damaged = count_rows(parts)
    assert statuses == {"killed": 3} and not damaged


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        (replace(CONDITIONS, source="d"), "another list of photos, or photos of other sizes"),
        (replace(CONDITIONS, mode="hybrid"), "another --mode .auto, now hybrid."),
        (replace(CONDITIONS, rows=3), "another --rows .2, now 3."),
        (replace(CONDITIONS, made=replace(CONDITIONS.made, version="2.0")), "another version of f2p-deploy .1.0, now"),
        (replace(CONDITIONS, made=replace(CONDITIONS.made, made_by="x")), "another artifact, runtime or kind"),
        (replace(CONDITIONS, made=replace(CONDITIONS.made, finder="x")), "another finder of landmarks"),
        (replace(CONDITIONS, made=replace(CONDITIONS.made, bundle="x")), "another bundle"),
    ],
)
def test_parts_of_another_job_are_refused(parts: Path, other: BulkConditions, sentence: str) -> None:
    with pytest.raises(InputError, match=f"part-00000.parquet was made with {sentence}.*: --again makes all"):
        finished_parts(parts, other)


def test_damaged_and_foreign_files_are_refused_and_never_removed(parts: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    damaged = parts / part_name(1)
    damaged.write_bytes((parts / part_name(0)).read_bytes()[:-9])
    with pytest.raises(InputError, match="part-00001.parquet: .*damaged or incomplete: remove it, and it is"):
        finished_parts(parts, CONDITIONS)
    (parts / part_name(0)).rename(damaged)
    with pytest.raises(InputError, match="part-00001.parquet was made with another name"):
        finished_parts(parts, CONDITIONS)
    damaged.rename(parts / part_name(0))
    parquet.write_table(pa.table({"mine": [1]}), parts / part_name(7))
    with pytest.raises(InputError, match="part-00007.parquet was made with no entry that says what of"):
        finished_parts(parts, CONDITIONS)
    with pytest.raises(InputError, match="part-00007.parquet is no part of a batch, so nothing is removed"):
        remove_parts(parts)
    assert (parts / part_name(0)).exists()
    (parts / part_name(7)).unlink()
    damaged.write_bytes(b"cut")
    remove_parts(parts)
    assert not list(parts.iterdir())


def test_places_that_cannot_hold_parts_are_refused(parts: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    require_parts_place(parts, other)
    require_parts_place(other / "new", parts)
    (other / ".hidden").touch()
    require_parts_place(other, parts)
    with pytest.raises(InputError, match="is inside the source"):
        require_parts_place(parts / "new", parts)
    with pytest.raises(InputError, match="part-00000.parquet is a file"):
        require_parts_place(parts / part_name(0), other)
    (other / "photo.jpg").touch()
    with pytest.raises(InputError, match="holds other things, such as photo.jpg, and no part of a batch"):
        require_parts_place(other, parts)


def test_one_process_holds_the_folder_and_removes_what_a_killed_one_left(parts: Path) -> None:
    left = parts / ".f2p-0123.part"
    left.touch()
    with hold_parts(parts):
        assert not left.exists()
        with pytest.raises(InputError, match="another process is writing parts to"), hold_parts(parts):
            pass
    with hold_parts(parts / "new" / "folder"):
        assert (parts / "new" / "folder").is_dir()
