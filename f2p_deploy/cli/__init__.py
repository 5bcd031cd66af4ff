"""The command line: parses, calls the public API, prints.

Importing this loads next to nothing, so that Ctrl-C is answered before anything slow is imported.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: "Sequence[str] | None" = None) -> None:
    """Run one command line and end the process with its exit code.

    Args:
        arguments: the words after the program's name. If not given, those of the process, whose signals and standard
            streams are then looked after, too.
    """
    if arguments is not None:
        from f2p_deploy.cli.outcome import run

        sys.exit(run(arguments))
    try:
        import signal

        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                signal.signal(number, _leave)
    except KeyboardInterrupt:
        _leave()
    from f2p_deploy.cli import signals, streams

    streams.look_after()
    from f2p_deploy.cli.outcome import run

    signals.begin(_leave)
    code = run(sys.argv[1:])
    signals.end()
    sys.exit(code)


def stopped_by(number: int) -> str:
    """Return what to say of a signal that ended a command; nothing but Ctrl-C goes without its name."""
    if number == 2:
        return "stopped"
    import signal

    return f"stopped by {signal.Signals(number).name}"


def _leave(number: int = 2, frame: object = None) -> None:
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
