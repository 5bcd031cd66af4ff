"""CelebA's attributes become labels of the parts that the schema tags."""

import math
from pathlib import Path

import pytest

pytest.importorskip("torch")

from f2p_deploy.character.schema import load_schema  # noqa: E402
from f2p_deploy.training.data.celeba_labels import celeba_labels  # noqa: E402
from f2p_deploy.training.data.label_table import MAN, WOMAN  # noqa: E402

ROWS = {
    "Male Young Eyeglasses Black_Hair": ("black", None, "thin", MAN, 0.30),
    "Male No_Beard Gray_Hair Wearing_Hat": (None, "none", "none", MAN, 0.83),
    "Young No_Beard Blond_Hair Brown_Hair": (None, "none", "none", WOMAN, 0.30),
    "Male Goatee": (None, "goatee", "none", MAN, 0.83),
    "Male Goatee Mustache Bald": (None, None, "none", MAN, 0.83),
}


def test_attributes_become_options_and_sliders(tmp_path: Path) -> None:
    names = sorted({word for row in ROWS for word in row.split()})
    folder = tmp_path / "img_celeba"
    folder.mkdir()
    lines = [f"{len(ROWS)}", " ".join(names)]
    for i, row in enumerate(ROWS):
        (folder / f"{i}.jpg").touch()
        lines.append(f"{i}.jpg {' '.join('1' if name in row.split() else '-1' for name in names)}")
    (folder / "unlisted.jpg").touch()
    (tmp_path / "list_attr_celeba.txt").write_text("\n".join(lines) + "\n")
    schema = load_schema("makehuman")
    labels = celeba_labels([tmp_path], schema)
    assert labels is not None and labels.names == tuple(f"img_celeba/{i}.jpg" for i in range(len(ROWS)))
    groups = {group.name: group.options for group in schema.discrete_groups}
    for i, (colour, beard, glasses, sex, age) in enumerate(ROWS.values()):
        for group, option in (("hair-colour", colour), ("beard", beard), ("glasses", glasses)):
            position = int(labels.options[group][i])
            assert (None if position < 0 else groups[group][position]) == option, (i, group)
        assert math.isclose(labels.sliders[schema.tags["sex"]][i], sex, rel_tol=1e-6)
        assert labels.sliders[schema.tags["age"]][i] == pytest.approx(age, abs=0.01)
    assert groups["hair"][labels.options["hair"][4]] == "bald" and labels.options["hair"][0] == -1


def test_folders_without_attributes_have_no_labels(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert celeba_labels([tmp_path], load_schema("makehuman")) is None
