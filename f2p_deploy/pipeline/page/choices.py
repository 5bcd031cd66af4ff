"""The part of the page about choices: which options were read, how surely, and what nothing could read."""

from collections.abc import Iterator, Mapping

from f2p_deploy.model.reading import UNSURE, ReadPart, ordered_groups
from f2p_deploy.pipeline.page.html_marks import table, text
from f2p_deploy.pipeline.results import Created

#: Sliders that are read: the schema's tag, and what their ends are.
SLIDER_ROLES = {"age": ("young", "old"), "sex": ("woman", "man")}

#: The next option is named from this probability on.
_WORTH_NAMING = 0.05


def to_check(results: Mapping[str, Created]) -> str:
    """Return what an artist should look at first: unsure options; empty if there are none.

    Args:
        results: one photo's characters by mode; modes are named where they were read in different ways.
    """
    found = {mode: _doubts(result) for mode, result in results.items()}
    if len(set(found.values())) == 1:
        lines = [f"{doubts}." for doubts in list(found.values())[:1] if doubts]
    else:
        lines = [f"{text(mode)}: {doubts or 'nothing unsure'}." for mode, doubts in found.items()]
    return f'<div class="notes">{"".join(f"<p>{line}</p>" for line in lines)}</div>' if lines else ""


def _doubts(result: Created) -> str:
    return "; ".join(
        f"<b>{text(name)}</b>: unsure, {text(part.option)} or {text(part.next)}" for name, part in result.unsure.items()
    )


def choices(result: Created) -> str:
    """Return the choices with how surely they were read."""
    schema = result.parameters.schema
    on_a_line = ordered_groups(schema)
    rows = [_row(name, option, result.read.get(name), name in on_a_line) for name, option in result.choices.items()]
    rows += list(_read_sliders(result))
    body = table(rows, "choices") if rows else ""
    return f"<section><h3>Choices</h3>{body}{_below(result)}</section>" if body or result.unread else ""


def _read_sliders(result: Created) -> Iterator[str]:
    """Yield age and sex, which are sliders but read from the photo as choices are."""
    parameters = result.parameters
    for role, ends in SLIDER_ROLES.items():
        name = parameters.schema.tags.get(role, "")
        if name in parameters.schema.controller_index and name not in result.unread:
            value = f"{parameters.values[parameters.schema.controller_index[name]]:.2f}"
            beside = f"0 {ends[0]}, 1 {ends[1]}"
            yield (
                f'<tr><th scope="row">{text(name)}</th><td>{value}</td><td></td>'
                f'<td class="quiet">{text(beside)}</td></tr>'
            )


def choices_beside(results: Mapping[str, Created]) -> str:
    """Return the choices of one photo's characters, which differ, side by side.

    Args:
        results: by mode.
    """
    head = "".join(f'<th scope="col">{text(mode)}</th>' for mode in results)
    first = next(iter(results.values()))
    rows = []
    for name in first.choices:
        cells = "".join(f"<td>{text(result.choices[name])} {_share(result, name)}</td>" for result in results.values())
        differs = len({result.choices[name] for result in results.values()}) > 1
        sort = ' class="differs"' if differs else ""
        rows.append(f'<tr{sort}><th scope="row">{text(name)}</th>{cells}</tr>')
    body = table(rows, "choices beside", f'<tr><th scope="col">choice</th>{head}</tr>')
    return f"<section><h3>Choices</h3>{body}{_below(first)}</section>"


def same_choices(results: Mapping[str, Created]) -> bool:
    """Return whether all of one photo's characters have the same options, read as surely."""
    read = [
        {name: (option, _share(result, name)) for name, option in result.choices.items()}
        for result in results.values()
    ]
    return all(other == read[0] for other in read)


def _row(name: str, option: str, part: ReadPart | None, on_a_line: bool) -> str:
    sure, beside, sort = "", "", ""
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
            share = _percent(part.confidence)
            sure = f'<span class="sure" style="--sure:{share}">{share}</span>'
            if part.next_confidence >= _WORTH_NAMING:
                beside = f"or {part.next}, {_percent(part.next_confidence)}"
            sort = ' class="unsure"' if part.confidence < UNSURE else ""
    cells = f'<td>{text(option)}</td><td>{sure}</td><td class="quiet">{text(beside)}</td>'
    return f'<tr{sort}><th scope="row">{text(name)}</th>{cells}</tr>'


def _below(result: Created) -> str:
    """Return what the table does not say."""
    sure = any(part.confidence is not None for part in result.read.values())
    notes = [f"The per cent say how sure the reading is; below {UNSURE:.0%} it is marked."] if sure else []
    missing = _unread(result)
    notes += [f"Not read from the photo: {missing}."] if missing else []
    return "".join(f'<p class="quiet small">{text(note)}</p>' for note in notes)


def _share(result: Created, name: str) -> str:
    part = result.read.get(name)
    if part is None or part.confidence is None or name in ordered_groups(result.parameters.schema):
        return ""
    if _edited(result, name):
        return '<span class="quiet">edited</span>'
    return f'<span class="quiet">{_percent(part.confidence)}</span>'


def _percent(probability: float) -> str:
    """Return a probability in whole per cent, cut rather than rounded: nothing is certain, and below is below."""
    return f"{min(int(100 * probability), 99)}%"


def _unread(result: Created) -> str:
    """Return what nothing read, sliders that make a face uneven as a number."""
    schema = result.parameters.schema
    uneven = {controller.name for controller in schema.controllers if controller.asymmetric}
    names = [name for name in result.unread if name not in uneven]
    parts = [f"{name} (stays {result.choices[name]})" if name in result.choices else name
             for name in names if not _edited(result, name)]  # fmt: skip
    count = len(uneven.intersection(result.unread))
    if count:
        parts.append(f"what is uneven in the face ({count} slider{'' if count == 1 else 's'})")
    return "; ".join(parts)


def _edited(result: Created, name: str) -> bool:
    return name in result.choices and result.choices[name] != result.read[name].option
