"""How a character is made from a photo: the words of `--mode`, and what `auto` chooses."""

from collections.abc import Sequence

from f2p_deploy.alignment import AlignedFace, frontal_sharp_large
from f2p_deploy.character.schema import suggestion
from f2p_deploy.model import result
from f2p_deploy.system.errors import InputError

MODES = ("auto", *result.MODES)


def check_modes(modes: Sequence[str]) -> tuple[str, ...]:
    """Return the modes, each once.

    Raises:
        InputError: none, or an unknown one.
    """
    if not modes:
        raise InputError(f"name a mode: {', '.join(MODES)}")
    for mode in modes:
        if mode not in MODES:
            raise InputError(f"no mode named {mode!r}{suggestion(mode, MODES)}")
    return tuple(dict.fromkeys(modes))


def modes_of(named: Sequence[str], compare: bool) -> tuple[str, ...]:
    """Return the modes that characters are made in: those named, or all of `result.MODES` to compare them.

    Raises:
        InputError: an unknown mode, or modes named beside `compare`.
    """
    modes = check_modes(named)
    if compare and modes != ("auto",):
        raise InputError(f"--compare makes {', '.join(result.MODES)}: leave out --mode {modes[0]}")
    return result.MODES if compare else modes


def ways_of(modes: Sequence[str]) -> tuple[result.Mode, ...]:
    """Return every way in which modes may make a character; `auto` may take two."""
    ways = (way for mode in modes for way in (("one-shot", "hybrid") if mode == "auto" else (mode,)))
    return tuple(dict.fromkeys(ways))  # type: ignore[arg-type]


def choose_mode(mode: str, face: AlignedFace) -> tuple[result.Mode, str]:
    """Return the mode that a photo's character is made in, and why, as the end of a sentence.

    The paper finds iterative generation more exact on frontal, sharp and large faces, one-shot generation more robust
    on all others; hybrid starts from the one and ends like the other.
    """
    if mode != "auto":
        return mode, "as asked"  # type: ignore[return-value]
    suits, reason = frontal_sharp_large(face)
    return ("hybrid" if suits else "one-shot"), f"chosen because {reason}"
