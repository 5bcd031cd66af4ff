"""The pictures that judges see, and the key."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from f2p_deploy.evaluation.selection.method_folders import read_methods
from f2p_deploy.evaluation.selection.selection_set import (
    SelectionSet,
    check_place,
    check_same,
    make_selection,
    read_key,
)
from f2p_deploy.system.errors import InputError


def test_nothing_of_a_picture_tells_its_method(selection: SelectionSet, pictures: Path) -> None:
    for photo in selection.photos:
        for method, identity in photo.candidates.items():
            content = photo.content[identity]
            with Image.open(io.BytesIO(content)) as picture:
                assert picture.size == (64, 64) and picture.format == "JPEG"
                assert not picture.getexif() and "comment" not in picture.info
            assert method.encode() not in content and photo.name.encode() not in content
            assert (pictures / "study" / "pictures" / f"{identity}.jpg").read_bytes() == content
    identities = [photo.identity for photo in selection.photos]
    assert identities == sorted(identities) and len(set(identities)) == 3


def test_the_same_pictures_and_seed_are_the_same_selection(selection: SelectionSet, pictures: Path) -> None:
    methods = read_methods([f"plain={pictures / 'plain'}", f"fancy={pictures / 'fancy'}"])
    study = pictures / "study"
    again = make_selection(methods, pictures / "photos", seed=check_place(study, None))
    assert again.digest == selection.digest and check_place(study, 7) == 7
    check_same(again, study)
    other = make_selection(methods, pictures / "photos", seed=6)
    with pytest.raises(InputError, match="another selection, which is not replaced"):
        check_same(other, study)
    assert make_selection(methods, pictures / "photos").seed != make_selection(methods, pictures / "photos").seed


def test_the_key_is_read_back_and_a_damaged_one_refused(selection: SelectionSet, pictures: Path) -> None:
    study = pictures / "study"
    found = read_key(study)
    assert (found.digest, found.methods, found.edge) == (selection.digest, ("plain", "fancy"), 64)
    assert [photo.candidates for photo in found.photos] == [photo.candidates for photo in selection.photos]
    data = json.loads((study / "key.json").read_text())
    for change, said in (({"format": "x"}, "is no key"), ({"photos": [{}]}, "is damaged"), ({"seed": "x"}, "damaged")):
        (study / "key.json").write_text(json.dumps({**data, **change}))
        with pytest.raises(InputError, match=said):
            read_key(study)
    with pytest.raises(InputError, match="holds no selection: make one"):
        read_key(pictures)


def test_equal_pictures_are_found(pictures: Path) -> None:
    (pictures / "fancy" / "ben.jpg").unlink()
    (pictures / "fancy" / "ben.png").write_bytes((pictures / "plain" / "ben.png").read_bytes())
    methods = read_methods([f"plain={pictures / 'plain'}", f"fancy={pictures / 'fancy'}"])
    assert make_selection(methods, pictures / "photos", seed=1).equal_pictures == {"plain and fancy": ("ben",)}
