"""`evaluate stages`: its output and files, for an untrained bundle."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("torch")

from f2p_deploy.character.schema import Schema  # noqa: E402
from f2p_deploy.engine.engine import Rendering, Scene  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

FRONT = Scene()


class Blocks:
    """Draws each parameter as the brightness of a block of the picture."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def render(self, parameters: np.ndarray, size: int, scene: Scene = FRONT) -> Rendering:
        """Draw a column a parameter; the upper half is skin, the lower one hair."""
        columns = np.resize(np.repeat(parameters, -(-size // len(parameters))), size)
        image = np.broadcast_to((columns * 255).astype(np.uint8)[None, :, None], (size, size, 3)).copy()
        labels = np.where(np.arange(size)[:, None] < size // 2, 1, 10).astype(np.uint8) * np.ones((1, size), np.uint8)
        return Rendering(image, labels)

    def render_many(
        self, batch: np.ndarray, size: int, scenes: Iterable[Scene] | None = None, workers: int = 1
    ) -> Iterator[Rendering]:
        """Draw one after the other."""
        return (self.render(parameters, size) for parameters in batch)


@pytest.fixture
def pairs(small_bundle: "Bundle", tmp_path: Path) -> tuple[Path, Path]:
    """Folders of pairs, front and varied, for the small bundle's schema."""
    from f2p_deploy.engine.pairs import Sampling, write_pairs

    engine, size = Blocks(small_bundle.schema), small_bundle.settings.architecture.image_size
    write_pairs(engine, tmp_path / "front", 8, Sampling(seed=1), size)
    write_pairs(engine, tmp_path / "varied", 12, Sampling(seed=2, pictures_per_character=3), size)
    return tmp_path / "front", tmp_path / "varied"


def test_a_table_a_page_and_a_verdict(
    f2p: Callable, small_bundle: "Bundle", pairs: tuple[Path, Path], tmp_path: Path
) -> None:
    words = ["--bundle", small_bundle.path, "--front", pairs[0], "--varied", pairs[1], "--searches", 0]
    ran = f2p("evaluate", "stages", *words, "-o", tmp_path / "out")
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    assert lines[0].split() == ["stage", "badness", "main", "figures"]
    assert "no photos: name a folder with --portraits" in lines[1]
    assert "holds the result back: badness" in ran.out
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    for stage in ("Alignment", "Imitator", "Segmentation", "Recognition", "Translator", "Iterative"):
        assert f"<h2>{stage}</h2>" in page
    assert "holds the result back" in page and "IoU" in page


def test_json_holds_every_figure_and_its_anchors(
    f2p: Callable, small_bundle: "Bundle", pairs: tuple[Path, Path]
) -> None:
    words = ["--bundle", small_bundle.path, "--front", pairs[0], "--pictures", 4, "--searches", 1, "--json"]
    data = f2p("evaluate", "stages", *words).json
    assert set(data["stages"]) == {
        "alignment", "imitator", "segmentation", "recognition", "translator", "iterative"
    }  # fmt: skip
    assert data["page"] is None and data["verdict"] in data["stages"]
    assert data["stages"]["recognition"]["missing"].startswith("no renders in varied scenes")
    figures = {figure["name"]: figure for figure in data["stages"]["imitator"]["figures"]}
    assert figures["L1"]["perfect"] == 0.0 and figures["L1"]["nothing"] > 0.0
    assert figures["renders"]["value"] == 4
    left = data["stages"]["iterative"]["figures"][0]
    assert left["name"] == "loss left, drawn faces (1)" and left["value"] < 1.0


def test_pairs_of_another_schema_are_refused(f2p: Callable, pairs: tuple[Path, Path]) -> None:
    ran = f2p("evaluate", "stages", "--front", pairs[0])
    assert ran.code == 2 and "shows characters of another schema" in ran.err


def test_without_pairs_the_engine_is_needed(f2p: Callable, tmp_path: Path) -> None:
    pytest.importorskip("numba")
    ran = f2p("evaluate", "stages", "--assets", tmp_path)
    assert ran.code == 3 and "makehuman" in ran.err
