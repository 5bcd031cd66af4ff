"""Engines named as `module:Class`."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.engine.engine import Engine, Rendering
from f2p_deploy.engine.link.imported_engine import ImportedEngine, import_engine
from f2p_deploy.system.errors import InputError

STUDIO = """
from f2p_deploy.character.schema import Controller, Schema
from f2p_deploy.engine.engine import Rendering

class Own:
    schema = Schema("toy", (Controller("nose", "face"),))
    def render(self, parameters, size, scene=None):
        return Rendering(None)
    def render_many(self, batch, size, scenes=None, workers=1):
        return iter(())

ready = Own()
number = 7
def make():
    return ready
def fails():
    raise RuntimeError("secret words")
class Half:
    schema = Own.schema
class Words(Own):
    schema = "toy"
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    Path("own_studio.py").write_text(STUDIO)
    Path("own_broken.py").write_text("1 / 0")
    Path("own_needy.py").write_text("import no_such_package_at_all")
    yield
    for name in ("own_studio", "own_broken", "own_needy"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", ["Own", "ready", "make"])
def test_a_class_an_engine_or_a_function(name: str) -> None:
    engine = import_engine(f"own_studio:{name}")
    assert isinstance(engine, Engine) and engine.schema.name == "toy"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("own_studio", "is named module:Class, found 'own_studio'"),
        ("own studio:Own", "is named module:Class"),
        ("own_studio:Own()", "is named module:Class"),
        ("own_nowhere:Own", "no Python module 'own_nowhere' in "),
        ("own_nowhere.deep:Own", "no Python module 'own_nowhere.deep' in "),
        ("own_needy:Own", "'own_needy' needs 'no_such_package_at_all', which is not installed"),
        ("own_broken:Own", "'own_broken' cannot be imported: ZeroDivisionError"),
        ("own_studio:Other", "has no 'Other'"),
        ("own_studio:fails", "cannot be made: RuntimeError in its constructor"),
        ("own_studio:Half", "is no engine: it lacks render, render_many"),
        ("own_studio:number", "is no engine: it lacks schema"),
        ("own_studio:Words", "its schema should be a Schema, found str"),
    ],
)
def test_what_is_no_engine(name: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence.replace("(", r"\(")):
        import_engine(name)


IMAGE = np.zeros((16, 16, 3), np.uint8)
CENTRE = dict.fromkeys(LANDMARKS, (8.0, 8.0))


def drawing(draw: Callable[[], object]) -> ImportedEngine:
    """An engine that returns what a function returns, for every character."""
    engine = import_engine("own_studio:Own")
    engine.own.render = lambda *_: draw()  # type: ignore[method-assign, assignment, return-value]
    engine.own.render_many = lambda batch, *_: (draw() for _ in batch[:2])  # type: ignore
    return engine


def test_pictures_are_passed_on() -> None:
    for sound in (Rendering(IMAGE), Rendering(IMAGE, IMAGE[..., 0], CENTRE)):
        engine = drawing(lambda sound=sound: sound)  # type: ignore[misc]
        assert engine.render(np.zeros(1), 16) is sound
        assert list(engine.render_many(np.zeros((2, 1)), 16)) == [sound, sound]


def test_fewer_pictures_than_characters_are_counted() -> None:
    with pytest.raises(InputError, match="own_studio:Own returned 2 of 3 pictures"):
        list(drawing(lambda: Rendering(IMAGE)).render_many(np.zeros((3, 1)), 16))


@pytest.mark.parametrize(
    ("drawn", "sentence"),
    [
        (None, "should return a Rendering, found NoneType"),
        (Rendering(None), "should draw image as uint8 (16, 16, 3), found NoneType"),  # type: ignore[arg-type]
        (Rendering(IMAGE[:8]), "found uint8 (8, 16, 3)"),
        (Rendering(IMAGE.astype(np.float32)), "found float32 (16, 16, 3)"),
        (Rendering(IMAGE, IMAGE), "should draw labels as uint8 (16, 16), found uint8 (16, 16, 3)"),
        (Rendering(IMAGE, IMAGE[..., 0] + 11), "drew the label 11; the highest is 10"),
        (Rendering(IMAGE, None, {"nose-tip": (1.0, 2.0)}), "should give left-eye"),
        (Rendering(IMAGE, None, {**CENTRE, "nose-tip": (1.0, np.nan)}), "as two finite numbers each"),
    ],
)
def test_what_is_no_picture(drawn: object, sentence: str) -> None:
    with pytest.raises(InputError) as found:
        drawing(lambda: drawn).render(np.zeros(1), 16)
    assert str(found.value).startswith("the engine own_studio:Own ") and sentence in str(found.value)
    with pytest.raises(InputError) as found:
        next(drawing(lambda: drawn).render_many(np.zeros((1, 1)), 16))
    assert sentence in str(found.value)


def test_errors_of_the_studio_s_code_are_sentences() -> None:
    def breaks() -> object:
        raise RuntimeError("no\nlicence")

    with pytest.raises(InputError, match="own_studio:Own cannot draw this character: RuntimeError: no licence"):
        drawing(breaks).render(np.zeros(1), 16)
    with pytest.raises(InputError, match="RuntimeError: no licence"):
        next(drawing(breaks).render_many(np.zeros((1, 1)), 16))
