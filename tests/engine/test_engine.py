"""The contract of an engine: any class that implements it is one; the default scene is neutral."""

import numpy as np

from f2p_deploy.character.schema import Controller, Schema
from f2p_deploy.engine.engine import EXPRESSION_UNITS, Engine, Rendering, Scene

PLAIN = Scene()


class Studio:
    """An engine of a studio's own."""

    schema: Schema

    def render(self, parameters: np.ndarray, size: int, scene: Scene = PLAIN) -> Rendering:
        return Rendering(np.zeros((size, size, 3), np.uint8))

    def render_many(self, batch, size, scenes=None, workers=1):  # noqa: ANN001, ANN201
        return (self.render(row, size) for row in batch)


def test_two_methods_and_a_schema_make_an_engine() -> None:
    studio = Studio()
    assert not isinstance(studio, Engine), "it does not say yet what it draws"
    studio.schema = Schema("toy", (Controller("nose", "face"),))
    assert isinstance(studio, Engine)
    assert not isinstance(object(), Engine)


def test_the_plain_scene_looks_straight_at_a_neutral_face() -> None:
    scene = Scene()
    assert (scene.yaw, scene.pitch, scene.roll, scene.shift, scene.zoom, scene.expression) == (0, 0, 0, (0, 0), 1, ())
    assert Scene(yaw=10.0) != scene


def test_outputs_that_an_engine_lacks_are_empty() -> None:
    drawn = Rendering(np.zeros((2, 2, 3), np.uint8))
    assert drawn.labels is None and drawn.landmarks == {}
    assert len(EXPRESSION_UNITS) == len(set(EXPRESSION_UNITS)) == 15
