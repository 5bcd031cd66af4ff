"""What a worker is sent, and what it makes of it."""

import pickle
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from f2p_deploy.bulk.bulk_order import CHUNK, Chunk, bulk_order, chunk_size
from f2p_deploy.bulk.folder_photos import FolderPhotos
from f2p_deploy.system import threads
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.pipeline import ChosenFinder
    from f2p_deploy.runtimes import Runtime


def test_a_sent_order_makes_the_rows_of_a_chunk(
    demo_runtime: "Runtime", chosen_finder: "ChosenFinder", photo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads._Default, "threads", None)
    source = FolderPhotos(photo_folder)
    order = pickle.loads(pickle.dumps(bulk_order(source, demo_runtime, chosen_finder, "auto")))
    assert order.networks.threads == 1 and order.networks.ways == ("one-shot", "hybrid")
    chunk = Chunk(0, tuple(source.refs(pytest.fail))[2:4])
    with order.opened() as opened:
        (rows,) = opened.work(chunk, print)
        assert opened.describe() == demo_runtime.describe_device()
    assert [(row["key"], row["status"]) for row in rows] == [("p2.jpg", "ok"), ("p3.jpg", "unreadable")]


def test_a_chunk_fills_the_artifacts_batch(demo_runtime: "Runtime") -> None:
    assert chunk_size(demo_runtime) == CHUNK


def test_a_finder_that_cannot_be_sent_is_refused(
    demo_runtime: "Runtime", chosen_finder: "ChosenFinder", tmp_path: Path
) -> None:
    local = replace(chosen_finder, finder=lambda: None, choice=None)
    with pytest.raises(InputError, match="the finder cannot be sent to a worker's process"):
        bulk_order(FolderPhotos(tmp_path), demo_runtime, local, "auto")
