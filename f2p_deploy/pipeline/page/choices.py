"""The part of the page about choices: the options read, their confidence, and the parts that were not read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from f2p_deploy.model.reading import UNSURE, ReadPart, ordered_groups
from f2p_deploy.pipeline.results import Created

#: Sliders that are read from the photo, by the schema's tag, with the meaning of 0 and of 1.
SLIDER_ROLES = {"age": ("young", "old"), "sex": ("woman", "man")}

#: Smallest probability of a next option that is shown.
_WORTH_NAMING = 0.05


@dataclass(frozen=True)
class Doubt:
    """An option read with low confidence.

    Args:
        group: the discrete group.
        option: the option that was read.
        next: the next most probable option.
    """

    group: str
    option: str
    next: str


@dataclass(frozen=True)
class Doubts:
    """The unsure options of a photo, which an artist should check first.

    Args:
        doubts: empty if nothing is unsure.
        mode: the mode concerned; empty if all modes agree.
    """

    doubts: tuple[Doubt, ...]
    mode: str = ""


@dataclass(frozen=True)
class Choice:
    """One choice of a character.

    Args:
        name: the discrete group, or a slider that is read like a choice.
        option: the chosen option.
        sure: confidence in per cent; empty if not measured.
        beside: origin of the option, or the next most probable one.
        unsure: low confidence; worth checking.
    """

    name: str
    option: str
    sure: str = ""
    beside: str = ""
    unsure: bool = False


@dataclass(frozen=True)
class ChoiceTable:
    """The choices of one character.

    Args:
        rows: one for each choice.
        notes: further sentences.
    """

    rows: tuple[Choice, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ChoiceBeside:
    """One choice in several modes.

    Args:
        name: the discrete group.
        options: (chosen option, confidence) of each mode.
    """

    name: str
    options: tuple[tuple[str, str], ...]

    @property
    def differs(self) -> bool:
        """True if the modes have different options."""
        return len({option for option, _ in self.options}) > 1


@dataclass(frozen=True)
class ChoicesBeside:
    """The choices of one photo's characters side by side.

    Args:
        modes: one for each column.
        rows: one for each choice.
        notes: further sentences.
    """

    modes: tuple[str, ...]
    rows: tuple[ChoiceBeside, ...]
    notes: tuple[str, ...]


def to_check(results: Mapping[str, Created]) -> tuple[Doubts, ...]:
    """Return the unsure options of a photo, by mode if the modes differ; empty if there are none.

    Args:
        results: one photo's characters by mode.
    """
    found = {mode: _doubts(result) for mode, result in results.items()}
    if len(set(found.values())) > 1:
        return tuple(Doubts(doubts, mode) for mode, doubts in found.items())
    return tuple(Doubts(doubts) for doubts in list(found.values())[:1] if doubts)


def _doubts(result: Created) -> tuple[Doubt, ...]:
    return tuple(Doubt(name, part.option, part.next) for name, part in result.unsure.items())


def choice_table(result: Created) -> ChoiceTable:
    """Return the choices of a character with their confidences."""
    on_a_line = ordered_groups(result.parameters.schema)
    rows = [_choice(name, option, result.read.get(name), name in on_a_line) for name, option in result.choices.items()]
    return ChoiceTable((*rows, *_read_sliders(result)), _notes(result))


def _read_sliders(result: Created) -> Iterator[Choice]:
    """Yield age and sex: sliders that are read from the photo like choices."""
    parameters = result.parameters
    for role, ends in SLIDER_ROLES.items():
        name = parameters.schema.tags.get(role, "")
        if name in parameters.schema.controller_index and name not in result.unread:
            value = f"{parameters.values[parameters.schema.controller_index[name]]:.2f}"
            yield Choice(name, value, beside=f"0 {ends[0]}, 1 {ends[1]}")


def choices_beside(results: Mapping[str, Created]) -> ChoicesBeside:
    """Return the choices of one photo's characters side by side.

    Args:
        results: one photo's characters by mode.
    """
    first = next(iter(results.values()))
    rows = [
        ChoiceBeside(name, tuple((result.choices[name], _share(result, name)) for result in results.values()))
        for name in first.choices
    ]
    return ChoicesBeside(tuple(results), tuple(rows), _notes(first))


def same_choices(results: Mapping[str, Created]) -> bool:
    """Return whether all of one photo's characters have the same options with the same confidences."""
    read = [
        {name: (option, _share(result, name)) for name, option in result.choices.items()}
        for result in results.values()
    ]
    return all(other == read[0] for other in read)


def _choice(name: str, option: str, part: ReadPart | None, on_a_line: bool) -> Choice:
    sure, beside, unsure = "", "", False
    if part is None:
        pass
    elif part.option != option:
        beside = f"edited; was {part.option}"
    elif part.origin == "default":
        beside = "not read: the default"
    elif part.origin == "kept":
        beside = "kept"
    elif part.confidence is not None and part.next_confidence is not None:
        if on_a_line:
            beside = f"near {part.next}" if part.next_confidence > part.confidence / 2 else ""
        else:
            sure = _percent(part.confidence)
            if part.next_confidence >= _WORTH_NAMING:
                beside = f"or {part.next}, {_percent(part.next_confidence)}"
            unsure = part.confidence < UNSURE
    return Choice(name, option, sure, beside, unsure)


def _notes(result: Created) -> tuple[str, ...]:
    """Return notes on confidence and on the parts that were not read."""
    sure = any(part.confidence is not None for part in result.read.values())
    notes = [f"The percentages are confidences; those below {UNSURE:.0%} are marked."] if sure else []
    missing = _unread(result)
    notes += [f"Not read from the photo: {missing}."] if missing else []
    return tuple(notes)


def _share(result: Created, name: str) -> str:
    """Return an option's confidence in per cent, or `edited`; empty if it was not measured."""
    part = result.read.get(name)
    if part is None or part.confidence is None or name in ordered_groups(result.parameters.schema):
        return ""
    return "edited" if _edited(result, name) else _percent(part.confidence)


def _percent(probability: float) -> str:
    """Return a probability in whole per cent, rounded down, so that 49.9% stays below 50%; 99% at most."""
    return f"{min(int(100 * probability), 99)}%"


def _unread(result: Created) -> str:
    """Return the unread parts as a list in words; sliders that make a face asymmetric are only counted."""
    schema = result.parameters.schema
    uneven = {controller.name for controller in schema.controllers if controller.asymmetric}
    names = [name for name in result.unread if name not in uneven]
    parts = [f"{name} (stays {result.choices[name]})" if name in result.choices else name
             for name in names if not _edited(result, name)]  # fmt: skip
    count = len(uneven.intersection(result.unread))
    if count:
        parts.append(f"the face's asymmetry ({count} slider{'' if count == 1 else 's'})")
    return "; ".join(parts)


def _edited(result: Created, name: str) -> bool:
    return name in result.choices and result.choices[name] != result.read[name].option
