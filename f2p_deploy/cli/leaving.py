"""Immediate exit on a signal, for the time before slow imports."""

import os
import sys


def stopped_by(number: int) -> str:
    """Return the message for a signal that ended a command: "stopped" for Ctrl-C, else with the signal's name."""
    if number == 2:
        return "stopped"
    import signal

    return f"stopped by {signal.Signals(number).name}"


def leave(number: int = 2, frame: object = None) -> None:
    """End the process at once; no command has begun, so there is nothing to clean up."""
    message, code = stopped_by(number), 128 + number
    lines = {2: f"error: {message}\n"}
    if "--json" in sys.argv:
        lines[1] = f'{{\n  "error": "{message}",\n  "exit_code": {code}\n}}\n'
    for stream, line in lines.items():
        try:
            os.write(stream, line.encode())
        except OSError:
            continue  # the stream is closed
    os._exit(code)
