"""The table of targets."""

import pytest

from f2p_deploy.artifact.parity import FLOORS
from f2p_deploy.export.targets import TARGETS, find_target
from f2p_deploy.runtimes import RUNTIMES
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import EXTRAS, install_line


def test_every_target_names_what_exists() -> None:
    for name, target in TARGETS.items():
        assert target.name == name
        assert target.build_extra in EXTRAS
        assert target.precision in FLOORS
        assert target.runtime in RUNTIMES


def test_find_target() -> None:
    assert find_target("onnx") is TARGETS["onnx"]
    with pytest.raises(InputError, match="no target named 'onnxx'. Did you mean 'onnx'"):
        find_target("onnxx")
    with pytest.raises(InputError, match="Available: .*onnx"):
        find_target("%%%")


def test_why_not_here_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    assert TARGETS["onnx"].why_not_here() == ""
    monkeypatch.setitem(EXTRAS, "export", ("numpy", "no_such_exporter"))
    assert TARGETS["onnx"].why_not_here() == f"missing no_such_exporter: {install_line('export')}"
