"""The identity of an engine: its place and its own name."""

from collections.abc import Callable
from pathlib import Path

from f2p_deploy.engine.engine import Engine
from f2p_deploy.engine.link.engine_identity import engine_identity
from f2p_deploy.engine.link.folder_engine import FolderEngine
from f2p_deploy.engine.link.imported_engine import ImportedEngine
from f2p_deploy.engine.link.linked_engine import LinkedEngine
from f2p_deploy.engine.pairs import write_pairs


def test_engines_that_may_draw_differently_differ(serve: Callable, disc_engine: Engine, tmp_path: Path) -> None:
    ports = [serve(disc_engine).port for _ in range(2)]
    linked = [LinkedEngine(f"tcp://127.0.0.1:{port}", disc_engine.schema) for port in ports]
    names = [f"tcp://127.0.0.1:{port}, {one.welcome.engine}" for one, port in zip(linked, ports, strict=True)]
    assert [engine_identity(one) for one in linked] == names and len(set(names)) == 2
    for one in linked:
        one.close()
    write_pairs(disc_engine, tmp_path / "pairs", 1, size=16)
    assert engine_identity(FolderEngine(tmp_path / "pairs")) == f"the folder {tmp_path / 'pairs'}"
    assert engine_identity(disc_engine).endswith(":DiscEngine")
    assert engine_identity(ImportedEngine("own:Disc", disc_engine)) == engine_identity(disc_engine)
