"""A table of labels predicted from photos: age and sex by face-api's network, as sliders for the reader.

Predicted ages are mapped onto the range of the slider: the 5th percentile, median and 95th percentile of portraits are
32, 50 and 67 years, and the outer two become 0.2 and 0.94. The network underestimates the age of the engine's pictures
(random characters with the slider at 0.9: 47 years, at 0.1: 27), so a character's predicted age differs from its
photo's even if the slider is right; `f2p-deploy evaluate likeness --age-sex` measures by how much.
"""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from f2p_deploy.alignment import LandmarkFinder, open_photo
from f2p_deploy.character.age_scale import MAN, WOMAN, age_to_slider
from f2p_deploy.character.schema import Schema
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import write_whole
from f2p_deploy.system.names import shown
from f2p_deploy.training.data.age_sex import AgeSex, AgeSexJudge
from f2p_deploy.training.data.labels import label_rows
from f2p_deploy.training.data.photo_choice import photo_name

#: The minimum probability of either sex for a label.
CERTAIN = 0.7


@dataclass(frozen=True)
class LabelTable:
    """Predictions for photos.

    Args:
        names: (N,) names of the photos, folder and file.
        predictions: (N,) predictions of the network.
        refused: one sentence for each photo without a usable face.
    """

    names: tuple[str, ...]
    predictions: tuple[AgeSex, ...]
    refused: tuple[str, ...] = ()


def sex_to_slider(male: float) -> float | None:
    """Return the sex slider for a probability of being male; None if neither probability exceeds `CERTAIN`."""
    if male > CERTAIN:
        return MAN
    return WOMAN if male < 1.0 - CERTAIN else None


def label_photos(
    photos: Sequence[Path],
    finder: LandmarkFinder,
    judge: AgeSexJudge,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> LabelTable:
    """Predict age and sex of the largest face of every photo.

    Args:
        photos: files.
        finder: gives MediaPipe's mesh.
        judge: predicts sex and age.
        progress: called with (photos done, photos in total).

    Raises:
        InputError: no photo has a usable face.
    """
    names, predictions, refused = [], [], []
    for done, photo in enumerate(photos, start=1):
        try:
            photo_name(photo).encode()
            pixels = open_photo(photo).pixels
            faces = [face for face in finder.find(pixels, photo.name) if face.dense is not None]
            if faces:
                names.append(photo_name(photo))
                predictions.append(judge.look(pixels, np.asarray(faces[0].dense)))
            else:
                refused.append(f"{photo.name}: no face was found")
        except UnicodeEncodeError:
            refused.append(f"{shown(photo.name)}: its name is not UTF-8, as a table of labels is")
        except InputError as error:
            refused.append(str(error))
        progress(done, len(photos))
    if not names:
        raise InputError(f"no photo has a usable face: {'; '.join(refused[:3])}{'; ...' if len(refused) > 3 else ''}")
    return LabelTable(tuple(names), tuple(predictions), tuple(refused))


def write_labels(table: LabelTable, schema: Schema, path: Path) -> int:
    """Write the table for `read_labels`: `photo`, and the controllers that the schema tags as age and sex.

    An existing table is extended: its rows, other columns and non-empty cells are kept.

    Returns:
        The number of rows that the file had before.

    Raises:
        InputError: the schema tags neither, the existing file is not such a table, or it cannot be written.
    """
    check_tags(schema)
    columns = [schema.tags[role] for role in ("age", "sex") if role in schema.tags]
    heads, rows = label_rows(path) if path.exists() else (["photo"], [])
    heads += [name for name in columns if name not in heads]
    before, known = len(rows), {row["photo"]: row for row in rows}
    for name, prediction in zip(table.names, table.predictions, strict=True):
        if name not in known:
            known[name] = {"photo": name}
            rows.append(known[name])
        sliders = {"age": age_to_slider(prediction.age), "sex": sex_to_slider(prediction.male)}
        for role, value in sliders.items():
            column = schema.tags.get(role)
            if column and value is not None and not known[name].get(column):
                known[name][column] = f"{value:.3f}"
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, heads, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, text.getvalue().encode("utf-8"))
    return before


def check_tags(schema: Schema) -> None:
    """Raise unless a schema tags a controller as age or as sex.

    Raises:
        InputError: it tags neither.
    """
    if not {"age", "sex"} & schema.tags.keys():
        raise InputError(f"the schema {schema.name!r} tags no controller as age or sex: see tags.age and tags.sex")
