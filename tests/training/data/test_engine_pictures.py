"""Pictures that are asked of an engine: kept, resumed, extended, and the same as a rendered folder's."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.character.schema import Controller, Schema
from f2p_deploy.engine.engine import Rendering, Scene
from f2p_deploy.engine.pairs import PairSet, write_pairs
from f2p_deploy.engine.scenes import FRONT_VIEW
from f2p_deploy.system.errors import InputError, Interrupted
from f2p_deploy.training.data.engine_pictures import SAMPLINGS, draw_missing, missing_kinds, with_pictures
from f2p_deploy.training.data.training_sources import Sources

SCHEMA = Schema("greys", (Controller("light", "face"), Controller("dark", "face")))


class Greys:
    """Draws one colour; ends with an error at some picture."""

    schema = SCHEMA

    def __init__(self, ends: int | None = None, error: type[BaseException] = InputError) -> None:
        self.asked, self._ends, self._error = 0, ends, error

    def render(self, parameters: np.ndarray, size: int, scene: Scene = FRONT_VIEW) -> Rendering:
        if self.asked == self._ends:
            raise self._error("the engine is gone")
        self.asked += 1
        return Rendering(np.full((size, size, 3), round(255 * float(parameters[0])), np.uint8))

    def render_many(
        self, batch: np.ndarray, size: int, scenes: Iterable[Scene] | None = None, workers: int = 1
    ) -> Iterator[Rendering]:
        return (self.render(row, size) for row in batch)


def ask(work: Path, engine: Greys, count: int = 6, kinds: tuple[str, ...] = ("front",), size: int = 16) -> dict:
    return draw_missing(kinds, work, SCHEMA, count, size, lambda: engine, lambda kind, done, of: None)


def test_what_stages_need() -> None:
    assert missing_kinds(("surrogate", "translator"), Sources()) == ("front",)
    assert missing_kinds(("recognition",), Sources()) == ("front", "varied")
    assert missing_kinds(("recognition",), Sources(front=Path("there"))) == ("varied",)
    assert missing_kinds(("priors", "shortcut"), Sources()) == ()


@pytest.mark.parametrize("error", [InputError, KeyboardInterrupt])
def test_an_engine_that_goes_away_is_asked_for_the_rest(tmp_path: Path, error: type[BaseException]) -> None:
    told = InputError if error is InputError else Interrupted
    with pytest.raises(told, match=r"4 of 6 front pictures.* the same command continues"):
        ask(tmp_path / "work", Greys(4, error))
    engine = Greys()
    folders = ask(tmp_path / "work", engine)
    assert engine.asked == 2 and folders == {"front": tmp_path / "work" / "pictures" / "front"}
    whole = write_pairs(Greys(), tmp_path / "whole", 6, SAMPLINGS["front"], 16)
    pairs = PairSet(folders["front"])
    np.testing.assert_array_equal(pairs.parameters, whole.parameters)
    assert [record["sha256"] for record in pairs.records] == [record["sha256"] for record in whole.records]
    assert with_pictures(Sources(), folders).front == folders["front"]


def test_a_complete_folder_asks_no_engine_and_a_larger_one_asks_for_more(tmp_path: Path) -> None:
    ask(tmp_path, Greys(), kinds=("front", "varied"))
    first = PairSet(tmp_path / "pictures" / "varied").parameters[:].copy()
    assert ask(tmp_path, None, count=5, kinds=("front", "varied"))  # type: ignore[arg-type]
    engine = Greys()
    ask(tmp_path, engine, 10, ("front", "varied"))
    assert engine.asked == 8
    more = PairSet(tmp_path / "pictures" / "varied")
    np.testing.assert_array_equal(more.parameters[:6], first)
    assert len(more) == 10 and more.identities.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]


def test_pictures_of_another_size_are_refused(tmp_path: Path) -> None:
    ask(tmp_path, Greys())
    with pytest.raises(InputError, match="of schema 'greys' in 16 pixels, this training needs 'greys' in 32"):
        ask(tmp_path, Greys(), size=32)
