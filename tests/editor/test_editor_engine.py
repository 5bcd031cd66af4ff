"""Which engine draws for the editor, and when it is opened."""

from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import Controller, Schema, load_schema
from f2p_deploy.editor.editor_engine import EditorEngine, engine_of
from f2p_deploy.engine.engine import Rendering
from f2p_deploy.system.errors import InputError, MissingDependency

OWN = '''
import numpy as np
from f2p_deploy.character.schema import load_schema
from f2p_deploy.engine.engine import Rendering


class Flat:
    """Draws a square in the colour of the first controller."""

    schema = load_schema("makehuman")

    def render(self, parameters, size, scene=None):
        return Rendering(np.full((size, size, 3), round(255 * float(parameters[0])), np.uint8))

    def render_many(self, batch, size, scenes=None, workers=1):
        return (self.render(parameters, size) for parameters in batch)
'''


def test_a_studios_engine_is_opened_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flat_engine.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    schema = load_schema("makehuman")
    engine = engine_of(schema, "flat_engine:Flat", None)
    assert engine is not None and engine.name == "flat_engine:Flat"
    assert engine.draw(average(schema).values, 256).shape == (512, 512, 3)
    with pytest.raises(InputError, match="is for schema 'makehuman'"):
        engine_of(load_schema("justice-girl"), "flat_engine:Flat", None)
    with pytest.raises(InputError, match="an engine is tcp://HOST:PORT"):
        engine_of(schema, "nowhere", None)


def test_an_engine_is_opened_when_it_first_draws() -> None:
    opened = []

    class Grey:
        schema = load_schema("makehuman")

        def render(self, parameters: np.ndarray, size: int, scene: object = None) -> Rendering:
            return Rendering(np.zeros((size, size, 3), np.uint8))

    engine = EditorEngine("grey", lambda: (opened.append(1), Grey())[1])  # type: ignore[arg-type, return-value]
    assert not opened
    for size in (256, 600):
        assert len(engine.draw(np.zeros(3, np.float32), size)) == max(size, 512)
    assert opened == [1]


def test_without_assets_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("F2P_MAKEHUMAN_ASSETS", raising=False)
    schema = load_schema("makehuman")
    assert engine_of(schema, None, None) is None
    with pytest.raises(MissingDependency, match="MakeHuman's assets in .* lack"):
        engine_of(schema, None, tmp_path)


def test_the_reference_engine_where_it_is(makehuman_assets: Path) -> None:
    pytest.importorskip("numba")
    engine = engine_of(load_schema("makehuman"), None, makehuman_assets)
    assert engine is not None and engine.name == "the reference engine"
    with pytest.raises(InputError, match="MakeHuman has no slider"):
        engine_of(Schema("mine", (Controller("tail.length", "tail"),)), None, makehuman_assets)
