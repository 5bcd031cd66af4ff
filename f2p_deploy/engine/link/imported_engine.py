"""An engine that is a Python class of the studio, named as `module:Class`."""

import importlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from f2p_deploy.character.face import HELEN_CLASSES, LANDMARKS
from f2p_deploy.character.schema import Schema
from f2p_deploy.engine.engine import Engine, Rendering, Scene
from f2p_deploy.engine.scenes import FRONT_VIEW
from f2p_deploy.system.errors import F2PError, InputError

#: Largest number of letters of an engine's own error that a message repeats.
_MOST_WORDS = 200

#: Stands for the end of an engine's pictures.
_END = object()


class ImportedEngine:
    """The `Engine` that a studio wrote in Python: its errors become sentences, and its pictures are checked.

    Args:
        name: `module:Class`, for messages.
        own: the studio's engine.
    """

    def __init__(self, name: str, own: Engine) -> None:
        self.name, self.own = name, own
        self.schema: Schema = own.schema

    def render(self, parameters: np.ndarray, size: int, scene: Scene = FRONT_VIEW) -> Rendering:
        """Draw one character; see `Engine.render`.

        Raises:
            InputError: the engine raised an error, or what it returned is no picture of this size.
        """
        with self._sentences():
            drawn = self.own.render(parameters, size, scene)
        return self._sound(drawn, size)

    def render_many(
        self, batch: np.ndarray, size: int, scenes: Iterable[Scene] | None = None, workers: int = 1
    ) -> Iterator[Rendering]:
        """Draw (N, n) parameters in order; see `Engine.render_many`.

        Raises:
            InputError: as `render`, or the engine returned fewer pictures.
        """
        with self._sentences():
            drawn = iter(self.own.render_many(batch, size, scenes, workers))
        for position in range(len(batch)):
            with self._sentences():
                one = next(drawn, _END)
            if one is _END:
                raise InputError(f"the engine {self.name} returned {position} of {len(batch)} pictures")
            yield self._sound(one, size)

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        """Turn any error of the studio's code into one of bad input."""
        try:
            yield
        except F2PError:
            raise
        except Exception as error:
            words = " ".join(str(error).split())[:_MOST_WORDS]
            reason = f"{type(error).__name__}{f': {words}' if words else ''}"
            raise InputError(f"the engine {self.name} cannot draw this character: {reason}") from error

    def _sound(self, drawn: object, size: int) -> Rendering:
        """Return a rendering if its picture, label map and landmarks are what `Rendering` says."""
        if not isinstance(drawn, Rendering):
            raise InputError(f"the engine {self.name} should return a Rendering, found {type(drawn).__name__}")
        for what, pixels, shape in (("image", drawn.image, (size, size, 3)), ("labels", drawn.labels, (size, size))):
            if pixels is None and what == "labels":
                continue
            if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.shape != shape:
                found = f"{pixels.dtype} {pixels.shape}" if isinstance(pixels, np.ndarray) else type(pixels).__name__
                raise InputError(f"the engine {self.name} should draw {what} as uint8 {shape}, found {found}")
        if drawn.labels is not None and int(drawn.labels.max()) >= len(HELEN_CLASSES):
            highest = len(HELEN_CLASSES) - 1
            raise InputError(f"the engine {self.name} drew the label {drawn.labels.max()}; the highest is {highest}")
        if drawn.landmarks and not _are_landmarks(drawn.landmarks):
            raise InputError(f"the engine {self.name} should give {', '.join(LANDMARKS)} as two finite numbers each")
        return drawn


def _are_landmarks(given: object) -> bool:
    """Return whether these are two finite numbers for each name of `LANDMARKS`."""
    try:
        points = np.array([given[name] for name in LANDMARKS], np.float64)  # type: ignore[index]
    except (KeyError, TypeError, ValueError, IndexError):
        return False
    return points.shape == (len(LANDMARKS), 2) and bool(np.isfinite(points).all())


def import_engine(name: str) -> ImportedEngine:
    """Return the engine that a name such as `studio.engine:StudioEngine` stands for.

    The module is looked for in the current folder and on Python's path. The part after the colon is a class or a
    function that is called without arguments, or an engine itself.

    Raises:
        InputError: no such module or name, the module cannot be imported, or what is found is no `Engine`.
    """
    module_name, _, attribute = name.partition(":")
    if not attribute.isidentifier() or not all(part.isidentifier() for part in module_name.split(".")):
        raise InputError(f"an engine in Python is named module:Class, found {name!r}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        lacking = error.name or module_name
        if module_name == lacking or module_name.startswith(f"{lacking}."):
            raise InputError(f"no Python module {module_name!r} in {here} or on Python's path") from error
        raise InputError(f"the module {module_name!r} needs {lacking!r}, which is not installed") from error
    except Exception as error:
        raise InputError(f"the module {module_name!r} cannot be imported: {type(error).__name__}") from error
    found = getattr(module, attribute, None)
    if found is None:
        raise InputError(f"the module {module_name!r} has no {attribute!r}")
    try:
        engine = found() if callable(found) else found
    except Exception as error:
        raise InputError(f"{name} cannot be made: {type(error).__name__} in its constructor") from error
    if not isinstance(engine, Engine):
        lacks = [part for part in ("schema", "render", "render_many") if not hasattr(engine, part)]
        raise InputError(f"{name} is no engine: it lacks {', '.join(lacks)} (see f2p_deploy.engine.engine.Engine)")
    if not isinstance(engine.schema, Schema):
        raise InputError(f"{name} is no engine: its schema should be a Schema, found {type(engine.schema).__name__}")
    return ImportedEngine(name, engine)
