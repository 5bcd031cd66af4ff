"""The choice of an engine by one word: an address, a Python class or a folder."""

import re
from pathlib import Path

from f2p_deploy.character.schema import Schema
from f2p_deploy.engine.engine import Engine
from f2p_deploy.engine.link.address import TCP
from f2p_deploy.engine.link.folder_engine import FolderEngine
from f2p_deploy.engine.link.imported_engine import import_engine
from f2p_deploy.engine.link.linked_engine import LinkedEngine
from f2p_deploy.system.errors import InputError


def open_engine(where: str, schema: Schema) -> Engine:
    """Return a studio's engine.

    Args:
        where: `tcp://HOST:PORT`, `module:Class` or a folder of samples or rendered pairs.
        schema: the parameters that the engine must have.

    Raises:
        InputError: there is no engine, or one of another schema.
    """
    engine: Engine
    if where.startswith(TCP):
        return LinkedEngine(where, schema)
    if where and Path(where).is_dir():
        engine = FolderEngine(Path(where))
    elif address := re.fullmatch(r"(?:\w+://(.+)|([^/]*:\d+)/?)", where):
        raise InputError(f"the address of an engine begins with {TCP}: {TCP}{address[1] or address[2]}, not {where}")
    elif ":" in where:
        engine = import_engine(where)
    else:
        raise InputError(f"an engine is tcp://HOST:PORT, module:Class or a folder, found {where!r}, which is none")
    if engine.schema.fingerprint != schema.fingerprint:
        found, own = engine.schema.name, schema.name
        same = ", in another version" if found == own else ""
        raise InputError(f"the engine {where} is for schema {found!r}{same}; asked for {own!r}")
    return engine
