"""The command line: it parses words, calls the public API and prints.

Importing this package loads almost nothing, so Ctrl-C works before anything slow is imported.
"""

import sys

from f2p_deploy.cli.leaving import leave

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: "Sequence[str] | None" = None) -> None:
    """Run one command line and end the process with its exit code.

    Args:
        arguments: the words after the program's name; those of the process if not given. Signals and standard streams
            are handled only in that second case.
    """
    if arguments is not None:
        from f2p_deploy.cli.outcome import run

        sys.exit(run(arguments))
    try:
        import signal

        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                signal.signal(number, leave)
    except KeyboardInterrupt:
        leave()
    from f2p_deploy.cli import signals, streams

    streams.look_after()
    from f2p_deploy.cli.outcome import run

    try:
        signals.begin(leave)
        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # between the two
        return leave(signals.received())
    signals.end()
    sys.exit(code)
