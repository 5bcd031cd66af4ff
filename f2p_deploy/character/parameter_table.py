"""The table of many characters: a row for each, with its photo, its mode, controllers in [0, 1] and chosen options."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from f2p_deploy.character.parameters import Parameters
from f2p_deploy.system.names import cell


@dataclass(frozen=True)
class NamedCharacter:
    """A character with its origin.

    Args:
        name: of its folder, or of its file.
        parameters: its values.
        photo: path of its photo; empty if unknown.
        mode: the mode that it was made in; empty if unknown.
    """

    name: str
    parameters: Parameters
    photo: str = ""
    mode: str = ""


def table_text(characters: Sequence[NamedCharacter]) -> str:
    """Return CSV text: `photo`, `name`, `mode`, the controllers, and the options of the discrete groups.

    Numbers read back as the same float32. Text that a spreadsheet would execute begins with an apostrophe.

    Args:
        characters: one or more, of the same schema.
    """
    schema = characters[0].parameters.schema
    groups = [group.name for group in schema.discrete_groups]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(cell, ("photo", "name", "mode", *schema.controller_index, *groups)))
    for one in characters:
        values = (str(value) for value in one.parameters.values[: schema.n_c])
        options = (one.parameters.choice(group) for group in groups)
        writer.writerow(map(cell, (one.photo, one.name, one.mode, *values, *options)))
    return text.getvalue()
