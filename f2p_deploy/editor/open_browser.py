"""Open an address in the user's browser."""

import os
import sys
import webbrowser
from threading import Thread

#: Variables of which one is set where a window can be opened, or where the user has named a browser.
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME")


def open_browser(address: str) -> bool:
    """Open an address in the browser, without waiting for it; return whether there is one.

    A browser in the terminal is never opened: it would take the terminal from this command.
    """
    if sys.platform not in ("win32", "darwin") and not any(os.environ.get(name) for name in _DISPLAYS):
        return False
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    Thread(target=browser.open, args=(address,), name="f2p-edit-browser", daemon=True).start()
    return True
