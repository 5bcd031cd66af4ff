"""An engine that is a Python class of the studio, named as `module:Class`."""

import importlib
import sys
from pathlib import Path

from f2p_deploy.engine.engine import Engine
from f2p_deploy.system.errors import InputError


def import_engine(name: str) -> Engine:
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
    return engine
