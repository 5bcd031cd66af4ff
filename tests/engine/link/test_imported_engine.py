"""Engines named as `module:Class`."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from f2p_deploy.engine.engine import Engine
from f2p_deploy.engine.link.imported_engine import import_engine
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
    ],
)
def test_what_is_no_engine(name: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence.replace("(", r"\(")):
        import_engine(name)
