"""How a command that a signal stops ends: at once, before anything slow is imported."""

import os
import sys


def stopped_by(number: int) -> str:
    """Return what to say of a signal that ended a command; nothing but Ctrl-C goes without its name."""
    if number == 2:
        return "stopped"
    import signal

    return f"stopped by {signal.Signals(number).name}"


def leave(number: int = 2, frame: object = None) -> None:
    """End the process at once: no command has begun, so there is nothing to clean up."""
    said, code = stopped_by(number), 128 + number
    lines = {2: f"error: {said}\n"}
    if "--json" in sys.argv:
        lines[1] = f'{{\n  "error": "{said}",\n  "exit_code": {code}\n}}\n'
    for stream, line in lines.items():
        try:
            os.write(stream, line.encode())
        except OSError:
            continue  # nobody reads it
    os._exit(code)
