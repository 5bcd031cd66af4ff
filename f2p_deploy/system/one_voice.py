"""One error message from the processes of one command: the first process that fails speaks, the others keep quiet."""

import contextlib
import json
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from f2p_deploy.system.files import PREFIX

#: Seconds that a process waits for what the one that failed first has said.
_PATIENCE = 2.0


@dataclass(frozen=True)
class Said:
    """The error that was reported for all processes: its sentence, and the command's exit code."""

    message: str
    code: int


class _Shared:
    """The file that the process that fails first creates; None in a command of one process."""

    file: Path | None = None


def share_voice(word: str) -> None:
    """Let processes of this machine that share a word report one error between them; an empty word ends that."""
    _Shared.file = Path(tempfile.gettempdir()) / f"{PREFIX}failed-{word}.json" if word else None


def speak_first(message: str, code: int) -> Said | None:
    """Claim the right to report an error.

    Returns:
        None if this process is the one that reports it; what another process has reported already otherwise.
    """
    if _Shared.file is None:
        return None
    try:
        with _Shared.file.open("x", encoding="utf-8") as stream:
            json.dump(asdict(Said(message, code)), stream)
    except FileExistsError:
        return _said(_Shared.file)
    except OSError:  # no room for the file: twice is better than not at all
        return None
    return None


def end_voice(others: Sequence[subprocess.Popen]) -> None:
    """Remove the file of a reported error, after the other processes have had the time to read it.

    Args:
        others: the processes that this one started; without any the whole time is waited.
    """
    file = _Shared.file
    if file is None or not file.exists():
        return
    deadline = time.monotonic() + _PATIENCE
    for other in others:
        with contextlib.suppress(subprocess.TimeoutExpired):
            other.wait(max(0.0, deadline - time.monotonic()))
    if not others:
        time.sleep(_PATIENCE)
    with contextlib.suppress(OSError):
        file.unlink()


def _said(file: Path) -> Said | None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            return Said(**json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            time.sleep(0.02)
    return None
