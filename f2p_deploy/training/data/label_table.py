"""A table of labels from photos alone: age and sex by face-api's network, as the sliders that the reader learns.

What the network calls an age is stretched over the slider: portraits are read as 32 to 67 years (5th and 95th
percentile, 50 in the middle), which becomes 0.2 to 0.94. The engine's own pictures look younger to it (random
characters with the slider at 0.9 as 47 years, at 0.1 as 27), so a character's age by the network is not its photo's
even where the slider is as wished; `f2p-deploy evaluate likeness --age-sex` shows by how much.
"""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from f2p_deploy.alignment import LandmarkFinder, open_photo
from f2p_deploy.character.schema import Schema
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import write_whole
from f2p_deploy.system.names import shown
from f2p_deploy.training.data.age_sex import AgeSex, AgeSexJudge
from f2p_deploy.training.data.photo_choice import photo_name
from f2p_deploy.training.train_reader import label_rows

#: Years by the network, and the slider tagged as age: piecewise linear, flat beyond.
AGES, AGE_SLIDER = (25.0, 35.0, 50.0, 65.0, 72.0), (0.02, 0.30, 0.65, 0.93, 0.98)

#: The slider tagged as sex of women and men, and the probability from which on somebody is taken for one of them.
WOMAN, MAN, CERTAIN = 0.08, 0.92, 0.7


@dataclass(frozen=True)
class LabelTable:
    """What was said of photos.

    Args:
        names: (N,) of the photos, folder and file.
        said: (N,) of them by the network.
        refused: sentences about photos without a usable face.
    """

    names: tuple[str, ...]
    said: tuple[AgeSex, ...]
    refused: tuple[str, ...] = ()


def age_to_slider(years: float) -> float:
    """Return the age slider in [0, 1] for years by the network."""
    return float(np.interp(years, AGES, AGE_SLIDER))


def sex_to_slider(male: float) -> float | None:
    """Return the sex slider for the probability of a man; None where the network is not certain."""
    if male > CERTAIN:
        return MAN
    return WOMAN if male < 1.0 - CERTAIN else None


def label_photos(
    photos: Sequence[Path],
    finder: LandmarkFinder,
    judge: AgeSexJudge,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> LabelTable:
    """Look at the largest face of every photo.

    Args:
        photos: files.
        finder: gives MediaPipe's mesh.
        judge: says sex and age.
        progress: called with (photos done, photos in all).

    Raises:
        InputError: no photo has a usable face.
    """
    names, said, refused = [], [], []
    for done, photo in enumerate(photos, start=1):
        try:
            photo_name(photo).encode()
            pixels = open_photo(photo).pixels
            faces = [face for face in finder.find(pixels, photo.name) if face.dense is not None]
            if faces:
                names.append(photo_name(photo))
                said.append(judge.look(pixels, np.asarray(faces[0].dense)))
            else:
                refused.append(f"{photo.name}: no face was found")
        except UnicodeEncodeError:
            refused.append(f"{shown(photo.name)}: its name is not UTF-8, as a table of labels is")
        except InputError as error:
            refused.append(str(error))
        progress(done, len(photos))
    if not names:
        raise InputError(f"no photo has a usable face: {'; '.join(refused[:3])}{'; ...' if len(refused) > 3 else ''}")
    return LabelTable(tuple(names), tuple(said), tuple(refused))


def write_labels(table: LabelTable, schema: Schema, path: Path) -> int:
    """Write the table that `read_labels` reads: `photo`, and the controllers that the schema tags as age and sex.

    A table that is there already is added to: its rows, further columns and cells that say something stay.

    Returns:
        How many rows were there before.

    Raises:
        InputError: the schema tags neither, the file that is there is no such table, or it cannot be written.
    """
    check_tags(schema)
    makers: dict[str, Callable[[AgeSex], float | None]] = {
        "age": lambda said: age_to_slider(said.age),
        "sex": lambda said: sex_to_slider(said.male),
    }
    columns = {schema.tags[role]: maker for role, maker in makers.items() if role in schema.tags}
    heads, rows = label_rows(path) if path.exists() else (["photo"], [])
    heads += [name for name in columns if name not in heads]
    before, known = len(rows), {row["photo"]: row for row in rows}
    for name, said in zip(table.names, table.said, strict=True):
        if name not in known:
            known[name] = {"photo": name}
            rows.append(known[name])
        for column, maker in columns.items():
            value = maker(said)
            if not known[name].get(column) and value is not None:
                known[name][column] = f"{value:.3f}"
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, heads, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, text.getvalue().encode("utf-8"))
    return before


def check_tags(schema: Schema) -> None:
    """Refuse a schema in which no controller is the age or the sex.

    Raises:
        InputError: it is such a schema.
    """
    if not {"age", "sex"} & schema.tags.keys():
        raise InputError(f"the schema {schema.name!r} tags no controller as age or sex: see tags.age and tags.sex")
