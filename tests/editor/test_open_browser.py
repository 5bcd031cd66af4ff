"""A browser is opened where there is a window for it."""

import sys
import webbrowser
from threading import Event

import pytest

from f2p_deploy.editor.open_browser import open_browser


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have windows")
def test_without_windows_nothing_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(webbrowser, "get", lambda: pytest.fail("a browser was looked for"))
    assert not open_browser("http://127.0.0.1/")


def test_a_browser_is_opened_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, release = Event(), Event()

    class Browser:
        def open(self, address: str) -> None:
            assert address == "http://127.0.0.1:1/?token=a"
            opened.set()
            release.wait(20)

    monkeypatch.setenv("BROWSER", "mine")
    monkeypatch.setattr(webbrowser, "get", Browser)
    assert open_browser("http://127.0.0.1:1/?token=a") and opened.wait(20)
    release.set()


def test_no_browser_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise webbrowser.Error("no browser")

    monkeypatch.setenv("BROWSER", "mine")
    monkeypatch.setattr(webbrowser, "get", none)
    assert not open_browser("http://127.0.0.1:1/")
