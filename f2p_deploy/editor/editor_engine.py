"""The engine that draws for the editor: a studio's own, or the reference engine where it is there."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock

import numpy as np

from f2p_deploy.character.schema import Schema
from f2p_deploy.engine.engine import Engine
from f2p_deploy.engine.link.engine_identity import engine_identity
from f2p_deploy.pipeline.drawing import engine_for
from f2p_deploy.system.errors import InputError, MissingDependency
from f2p_deploy.system.extras import missing_modules

#: Smallest edge of the engine's picture in pixels.
ENGINE_PICTURE = 512


class EditorEngine:
    """An engine that is opened when it first draws; it draws one picture at a time.

    Args:
        name: its name for the page.
        open_it: opens it.
    """

    def __init__(self, name: str, open_it: Callable[[], Engine]) -> None:
        self.name = name
        self._open = open_it
        self._engine: Engine | None = None
        self._lock = Lock()

    def draw(self, values: np.ndarray, size: int) -> np.ndarray:
        """Draw (n,) parameters as (S, S, 3) uint8 RGB, S being `size`, at least `ENGINE_PICTURE`."""
        with self._lock:
            if self._engine is None:
                self._engine = self._open()
            return self._engine.render(values, max(size, ENGINE_PICTURE)).image


def engine_of(schema: Schema, where: str | None, assets: Path | None) -> EditorEngine | None:
    """Return the engine for a schema; None if nothing was asked for and the reference engine is not there.

    Args:
        schema: of the characters.
        where: a studio's engine, see `open_engine`.
        assets: the reference engine's assets; None to take them from the environment.

    Raises:
        InputError: there is no engine at `where`, or it is for another schema.
        MissingDependency: `assets` was given and lacks a file, or the extra `engine` is not installed.
    """
    if where is not None:
        engine = engine_for(schema, None, where)
        return EditorEngine(engine_identity(engine), lambda: engine)
    try:
        _check_reference(schema, assets)
    except (InputError, MissingDependency):
        if assets is not None:
            raise
        return None
    return EditorEngine("the reference engine", lambda: engine_for(schema, assets))


def _check_reference(schema: Schema, assets: Path | None) -> None:
    """Raise unless the reference engine can draw a schema; the cheap checks come first."""
    from f2p_deploy.engine.makehuman.assets import find_assets
    from f2p_deploy.system.extras import require

    find_assets(assets)
    if missing_modules("engine"):
        require("engine", "the reference engine")
    from f2p_deploy.engine.makehuman import morphs, palettes

    morphs.check_controllers(schema)
    palettes.check_groups(schema)
