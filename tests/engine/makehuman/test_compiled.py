"""The test for compiled loops agrees with numba's cache."""

import os
from pathlib import Path

import pytest

pytest.importorskip("numba")

MODULE = '''
from numba import njit

@njit(cache=True)
def twice(x):
    return 2 * x
'''


def test_a_function_is_kept_once_it_ran_and_until_its_source_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib

    from f2p_deploy.engine.makehuman.compiled import is_kept

    source = tmp_path / "compiled_probe.py"
    source.write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("compiled_probe")
    assert not is_kept(module.twice)
    assert module.twice(2) == 4
    assert is_kept(module.twice)
    later = source.stat().st_mtime + 10
    os.utime(source, (later, later))
    assert not is_kept(module.twice)


def test_a_drawn_picture_leaves_everything_compiled(makehuman_assets: Path) -> None:
    from f2p_deploy.character.parameters import average
    from f2p_deploy.engine.makehuman.compiled import compiled_before
    from f2p_deploy.engine.makehuman.makehuman import load_engine

    engine = load_engine("makehuman", makehuman_assets)
    engine.render(average(engine.schema).values, 64)
    assert compiled_before()
