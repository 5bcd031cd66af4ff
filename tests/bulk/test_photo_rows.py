"""Rows of photos: what `run` would make, each failure with its reason, and no influence of the other photos."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.bulk.folder_photos import FolderPhotos
from f2p_deploy.bulk.photo_refs import PhotoRef
from f2p_deploy.bulk.photo_rows import OK, failed_with, killed_row, rows_of
from f2p_deploy.pipeline.made_character import align_content
from f2p_deploy.runtimes.search import generate

if TYPE_CHECKING:
    from f2p_deploy.pipeline import ChosenFinder
    from f2p_deploy.runtimes import Runtime

Write = Callable[[Path, Mapping[str, bytes]], Path]


@pytest.mark.parametrize("mode", ["one-shot", "hybrid"])
def test_each_row_is_what_the_photo_alone_gives(
    mode: str, demo_runtime: "Runtime", chosen_finder: "ChosenFinder", photo_folder: Path, pictures: list[bytes]
) -> None:
    source, finder = FolderPhotos(photo_folder), chosen_finder.finder
    refs = list(source.refs(pytest.fail))[: 3 if mode == "hybrid" else 7]
    rows = rows_of(refs, source, demo_runtime, finder, mode)
    assert [row["index"] for row in rows] == [ref.index for ref in refs] and rows[0]["shard"] is None
    for i, row in enumerate(rows[:3]):
        aligned = align_content(pictures[i], row["key"], finder, demo_runtime.settings)
        alone = generate(demo_runtime, aligned.image, mode, shape=aligned.landmarks.shape)  # type: ignore[arg-type]
        assert (row["status"], row["mode"], row["mode_reason"]) == (OK, mode, "as asked")
        assert row["parameters"].tobytes() == alone.parameters.values.tobytes()
        assert dict(row["read"])["hair"]["confidence"] == alone.read["hair"].confidence
        assert row["face"]["sharpness"] > 0 and len(row["sha256"]) == 64
    if mode == "one-shot":
        assert not np.array_equal(rows[0]["parameters"], rows[6]["parameters"])
        assert (rows[3]["status"], rows[3]["error"]) == (
            "unreadable", "p3.jpg: this is not a picture in a supported format",
        )  # fmt: skip
        parts = (refs[1:2], refs[5:])
        apart = [row for part in parts for row in rows_of(part, source, demo_runtime, finder, mode)]
        for row, again in zip([rows[1], rows[5], rows[6]], apart, strict=True):
            assert row["parameters"].tobytes() == again["parameters"].tobytes()


def test_a_failure_of_the_networks_fails_only_its_photo(
    demo_runtime: "Runtime", chosen_finder: "ChosenFinder", photo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from f2p_deploy.bulk import photo_rows
    from f2p_deploy.system.errors import FloorMissed

    calls = []

    def failing(runtime: "Runtime", faces: list[np.ndarray], *words: object, **named: object) -> list[object]:
        calls.append(len(faces))
        if len(faces) > 1 or len(calls) == 3:
            raise FloorMissed("one_shot computed NaN")
        return [generate(runtime, faces[0], "one-shot")]

    monkeypatch.setattr(photo_rows, "generate_many", failing)
    source = FolderPhotos(photo_folder)
    refs = list(source.refs(pytest.fail))[:3]
    rows = rows_of(refs, source, demo_runtime, chosen_finder.finder, "one-shot")
    assert calls == [3, 1, 1, 1] and [row["status"] for row in rows] == [OK, "refused", OK]
    assert rows[1]["error"] == "one_shot computed NaN"


def test_rows_without_a_photo() -> None:
    row = killed_row(PhotoRef(5, "a.parquet", "", 3), "was ended by SIGKILL")
    assert (row["index"], row["key"], row["shard"], row["sha256"]) == (5, "a.parquet:3", "a.parquet", None)
    assert row["status"] == "killed" and row["error"].startswith("a.parquet:3: the process that worked on it was ended")
    assert failed_with("a", ValueError("odd"))["status"] == "unexpected"
