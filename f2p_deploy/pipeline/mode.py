"""The modes of `--mode`, and the choice of `auto`."""

from collections.abc import Sequence

from f2p_deploy.alignment import AlignedFace, frontal_sharp_large
from f2p_deploy.character.schema import suggestion
from f2p_deploy.model import result
from f2p_deploy.system.errors import InputError

MODES = ("auto", *result.MODES)


def check_modes(modes: Sequence[str]) -> tuple[str, ...]:
    """Return the modes without repetitions.

    Raises:
        InputError: no mode, or an unknown one.
    """
    if not modes:
        raise InputError(f"name a mode: {', '.join(MODES)}")
    for mode in modes:
        if mode not in MODES:
            raise InputError(f"no mode named {mode!r}{suggestion(mode, MODES)}")
    return tuple(dict.fromkeys(modes))


def modes_of(named: Sequence[str], compare: bool) -> tuple[str, ...]:
    """Return the modes of a run: the named ones, or with `compare` all of `result.MODES`.

    Raises:
        InputError: an unknown mode, or modes named together with `compare`.
    """
    modes = check_modes(named)
    if compare and modes != ("auto",):
        raise InputError(f"--compare makes {', '.join(result.MODES)}: leave out --mode {modes[0]}")
    return result.MODES if compare else modes


def ways_of(modes: Sequence[str]) -> tuple[result.Mode, ...]:
    """Return every mode of generation that may be used; `auto` may use two."""
    ways = (way for mode in modes for way in (("one-shot", "hybrid") if mode == "auto" else (mode,)))
    return tuple(dict.fromkeys(ways))  # type: ignore[arg-type]


def choose_mode(mode: str, face: AlignedFace) -> tuple[result.Mode, str]:
    """Return the mode of generation for a photo, and the reason as the end of a sentence.

    According to the paper, iterative generation is more exact on frontal, sharp and large faces, and one-shot
    generation more robust on all others. Hybrid generation starts with one-shot and continues iteratively.
    """
    if mode != "auto":
        return mode, "as asked"  # type: ignore[return-value]
    suits, reason = frontal_sharp_large(face)
    return ("hybrid" if suits else "one-shot"), f"chosen because {reason}"
