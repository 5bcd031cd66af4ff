"""A table of labels is checked by the schema's names; errors name the line and the cell."""

from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.errors import InputError
from f2p_deploy.training.data.labels import read_labels


def test_a_table_is_read_by_names_and_empty_cells_are_unknown(surrogate_bundle: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("photo,hair,age\na/1.jpg,long,0.25\na/2.jpg,,\n")
    labels = read_labels(path, surrogate_bundle.schema)
    assert labels.names == ("a/1.jpg", "a/2.jpg")
    assert labels.options["hair"].tolist() == [2, -1]
    assert labels.sliders["age"][0] == 0.25 and np.isnan(labels.sliders["age"][1])


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("name,hair\n", "a column 'photo'"),
        ("photo;hair\na/1.jpg;short\n", "a table with commas, a column 'photo'"),
        ("photo,hair\n", "has columns but no rows"),
        ("photo,hair,hair\na/1.jpg,short,short\n", "has two columns 'hair'"),
        ("photo,hair\na/1.jpg,short,3\n", "line 2 has more cells than the 2 columns"),
        ("photo,hair\na/1.jpg,short\na/1.jpg,\n", "line 3 names 'a/1.jpg' again, as line 2 does"),
        ("photo,hiar\na,long\n", "has no part 'hiar' to read. Did you mean 'hair'"),
        ("photo,eye.tx\na,0.5\n", "has no part 'eye.tx' to read"),  # searched, not read
        ("photo,hair\na,lnog\n", "line 2: hair has no option 'lnog'. Did you mean 'long'"),
        ("photo,age\na,1.5\n", r"line 2: age is a number in \[0, 1\], found '1.5'"),
        ("photo,age\na,old\n", r"line 2: age is a number in \[0, 1\], found 'old'"),
    ],
)
def test_what_the_schema_does_not_have_is_named(
    surrogate_bundle: Bundle, tmp_path: Path, table: str, sentence: str
) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(table)
    with pytest.raises(InputError, match=sentence):
        read_labels(path, surrogate_bundle.schema)


def test_a_missing_table_is_one_sentence(surrogate_bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the labels .*gone.csv"):
        read_labels(tmp_path / "gone.csv", surrogate_bundle.schema)
