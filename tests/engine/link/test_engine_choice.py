"""One word chooses an engine."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from f2p_deploy.character.schema import Controller, Schema
from f2p_deploy.engine.link.engine_choice import open_engine
from f2p_deploy.engine.link.folder_engine import FolderEngine
from f2p_deploy.engine.link.imported_engine import ImportedEngine
from f2p_deploy.engine.link.linked_engine import LinkedEngine
from f2p_deploy.engine.pairs import write_pairs
from f2p_deploy.system.errors import InputError


def test_addresses_folders_and_classes(
    disc_engine: Any, serve: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked = open_engine(f"tcp://127.0.0.1:{serve(disc_engine).port}", disc_engine.schema)
    assert isinstance(linked, LinkedEngine)
    linked.close()
    write_pairs(disc_engine, tmp_path / "pairs", 2, size=16)
    assert isinstance(open_engine(str(tmp_path / "pairs"), disc_engine.schema), FolderEngine)
    module = type(sys)("own_engines")
    module.Disc = type(disc_engine)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "own_engines", module)
    own = open_engine("own_engines:Disc", disc_engine.schema)
    assert isinstance(own, ImportedEngine) and isinstance(own.own, type(disc_engine))
    other = Schema("toy", (Controller("nose", "face"),))
    for where in (str(tmp_path / "pairs"), "own_engines:Disc"):
        with pytest.raises(InputError, match="is for schema 'disc'; asked for 'toy'"):
            open_engine(where, other)
    changed = Schema("disc", (Controller("nose", "face"),))
    with pytest.raises(InputError, match="is for schema 'disc', in another version; asked for 'disc'"):
        open_engine("own_engines:Disc", changed)


@pytest.mark.parametrize("where", ["", "nowhere", "/no/such/folder"])
def test_none_of_these(disc_engine: Any, where: str) -> None:
    with pytest.raises(InputError, match=r"an engine is tcp://HOST:PORT, module:Class or a folder, found"):
        open_engine(where, disc_engine.schema)


@pytest.mark.parametrize("where", ["127.0.0.1:9", "studio:7788", "http://studio:7788", "TCP://studio:7788", "[::1]:9"])
def test_an_address_without_its_beginning(disc_engine: Any, where: str) -> None:
    right = f"tcp://{where.rpartition('//')[2]}"
    with pytest.raises(InputError) as raised:
        open_engine(where, disc_engine.schema)
    assert str(raised.value) == f"the address of an engine begins with tcp://: {right}, not {where}"
