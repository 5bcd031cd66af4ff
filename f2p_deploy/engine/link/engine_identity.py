"""Which engine draws: a sentence for reports, and the key by which a run knows its pictures again."""

from f2p_deploy.engine.engine import Engine
from f2p_deploy.engine.link.folder_engine import FolderEngine
from f2p_deploy.engine.link.imported_engine import ImportedEngine
from f2p_deploy.engine.link.linked_engine import LinkedEngine


def engine_identity(engine: Engine) -> str:
    """Return where an engine is and what it calls itself: two engines that may draw differently differ in it.

    An engine on the network is its address and the name of its `welcome`, one in a folder the folder's absolute path,
    one in Python its module and class.
    """
    kind = type(engine.own if isinstance(engine, ImportedEngine) else engine)
    if isinstance(engine, LinkedEngine):
        return f"{engine.address}, {engine.welcome.engine}"
    if isinstance(engine, FolderEngine):
        return f"the folder {engine.folder.absolute()}"
    if kind.__qualname__ == "MakeHumanEngine":
        return "the reference engine"
    return f"{kind.__module__}:{kind.__qualname__}"
