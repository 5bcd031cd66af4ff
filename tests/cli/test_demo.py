"""`demo`: what make demo runs."""

from collections.abc import Callable
from pathlib import Path

import pytest


def test_a_checkout_without_a_bundle_says_so(f2p: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import f2p_deploy.bundle

    monkeypatch.setattr(f2p_deploy.bundle, "demo_bundle_path", lambda: tmp_path / "none")
    ran = f2p("demo", "-o", tmp_path / "out")
    assert ran.code == 2 and ran.err == f"error: {tmp_path / 'none'} is not a bundle: it has no bundle.json\n"
    assert not (tmp_path / "out").exists()
