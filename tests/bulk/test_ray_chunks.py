"""Ray Data gives the same bytes as processes of this one, and goes on after a worker was killed."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.bulk.bulk_source import open_bulk_source
from f2p_deploy.bulk.make_batch import make_batch
from f2p_deploy.bulk.ray_chunks import ray_session
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.alignment import Landmarks
    from f2p_deploy.pipeline import ChosenFinder
    from f2p_deploy.runtimes import Runtime

pytest.importorskip("ray")
pytest.importorskip("pyarrow")


def test_an_address_without_a_cluster_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(InputError, match="no Ray cluster answers at 127.0.0.1:1 .RAY_ADDRESS."), ray_session():
        pass


@pytest.fixture(scope="module")
def ray_here() -> Iterator[None]:
    """Start Ray once for all tests."""
    with ray_session() as cores:
        assert cores >= 1
        yield


class KillsOnce:
    """A finder that ends its process at one photo, the first time."""

    def __init__(self, finder: object, marker: Path) -> None:
        self.finder, self.marker = finder, marker

    def find(self, image: np.ndarray, name: str | None = None, reduction: int = 1) -> "list[Landmarks]":
        """Find, or end."""
        if name == "p5.jpg" and not self.marker.exists():
            self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.finder.find(image, name, reduction)  # type: ignore[attr-defined, no-any-return]


@pytest.mark.usefixtures("ray_here")
def test_ray_gives_the_same_bytes(
    demo_runtime: "Runtime", chosen_finder: "ChosenFinder", photo_folder: Path, tmp_path: Path
) -> None:
    source = open_bulk_source(photo_folder)

    def contents(name: str, finder: "ChosenFinder", with_ray: bool) -> dict[str, bytes]:
        out = tmp_path / name
        make_batch(source, out, demo_runtime, finder, "one-shot", rows=3, workers=1, with_ray=with_ray)
        return {path.name: path.read_bytes() for path in out.iterdir()}

    whole = contents("local", chosen_finder, False)
    assert contents("ray", chosen_finder, True) == whole
    deadly = replace(chosen_finder, finder=KillsOnce(chosen_finder.finder, tmp_path / "killed"), choice=None)  # type: ignore[arg-type]
    assert contents("killed-once", deadly, True) == whole and (tmp_path / "killed").exists()


@pytest.mark.usefixtures("ray_here")
def test_an_error_of_a_worker_is_our_sentence(
    demo_runtime: "Runtime", chosen_finder: "ChosenFinder", photo_folder: Path, tmp_path: Path
) -> None:
    assert chosen_finder.choice is not None
    gone = replace(chosen_finder, choice=replace(chosen_finder.choice, landmarks=tmp_path / "gone.json"))
    source = open_bulk_source(photo_folder)
    with pytest.raises(InputError, match="cannot read the landmarks .*gone.json"):
        make_batch(source, tmp_path / "out", demo_runtime, gone, "one-shot", workers=1, with_ray=True)
