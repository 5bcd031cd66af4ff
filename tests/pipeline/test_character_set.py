"""Sets of characters: opened by name and by reading, and what does not read sex and age."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from f2p_deploy.alignment import align
from f2p_deploy.alignment.photo import open_photo
from f2p_deploy.model.bundle import Bundle, demo_bundle_path
from f2p_deploy.pipeline.character_set import open_character_set, read_person, why_no_person
from f2p_deploy.pipeline.finder import ChosenFinder
from f2p_deploy.runtimes import Runtime, load
from f2p_deploy.system.errors import InputError


@pytest.fixture
def open_demo() -> Callable[[Path], Runtime]:
    """Opens any folder as the demo bundle's artifact: no copies of it."""
    return lambda folder: load(demo_bundle_path(), "onnxruntime")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A set of two characters, whose bundles `open_demo` stands for."""
    for name in ("man", "woman"):
        (tmp_path / "set" / name).mkdir(parents=True)
        (tmp_path / "set" / name / "bundle.json").write_text("{}")
    return tmp_path / "set"


def test_sex_and_age_decide(
    folder: Path, open_demo: Callable[[Path], Runtime], photo: Path, finder: ChosenFinder
) -> None:
    characters = open_character_set(folder, open_one=open_demo)
    assert characters.reader is not None
    settings = characters.reader.settings
    template, size = settings.alignment.landmarks, settings.architecture.image_size
    face = align(open_photo(photo), finder.finder, template, size, name=photo.name)
    person = read_person(characters.reader, face.image)
    assert person.sex == "female" and 25 <= person.age <= 50  # Eileen Collins, at 43
    assert characters.choose(face).name == "woman"


def test_named_characters_need_no_reader(
    folder: Path, open_demo: Callable[[Path], Runtime]
) -> None:
    characters = open_character_set(folder, "man", open_demo)
    assert list(characters.runtimes) == ["man"] and characters.reader is None and characters.notes == ()


def test_a_character_that_no_reading_reaches_is_told(folder: Path, open_demo: Callable[[Path], Runtime]) -> None:
    shutil.copytree(folder / "woman", folder / "girl")
    (note,) = open_character_set(folder, open_one=open_demo).notes
    assert "girl is for women of 0 to 17, and ages are read from 25 to 72" in note


def test_choices_depend_on_whom_characters_are_for(folder: Path, open_demo: Callable[[Path], Runtime]) -> None:
    key = open_character_set(folder, open_one=open_demo).key
    assert open_character_set(folder, open_one=open_demo).key == key
    (folder / "characters.toml").write_text("[man]\nages = [30, 99]\n")
    assert open_character_set(folder, open_one=open_demo).key != key


def test_a_bundle_without_a_reader_is_told(tmp_path: Path, small_bundle: Bundle) -> None:
    shutil.copytree(small_bundle.path, tmp_path / "man")
    assert "tags no controllers as age and sex" in why_no_person(load(small_bundle))
    with pytest.raises(InputError, match=r"no character in .* reads sex and age .*man: its schema 'small' tags no"):
        open_character_set(tmp_path)
    (tmp_path / "characters.toml").write_text('reader = "man"\n')
    with pytest.raises(InputError, match="the reader 'man' does not read sex and age"):
        open_character_set(tmp_path)
    (tmp_path / "characters.toml").write_text('reader = "dem"\n')
    with pytest.raises(InputError, match="characters.toml: reader must be .* found 'dem'. Did you mean 'demo'"):
        open_character_set(tmp_path)
    (tmp_path / "characters.toml").write_text('reader = "demo"\n')
    assert open_character_set(tmp_path).reader is not None


def test_what_is_no_set(folder: Path, open_demo: Callable[[Path], Runtime], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no character named 'womn' in .*Did you mean 'woman'"):
        open_character_set(folder, "womn", open_demo)
    with pytest.raises(InputError, match="cannot read the folder of characters"):
        open_character_set(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no characters in"):
        open_character_set(tmp_path / "empty")
    with pytest.raises(InputError, match="is one bundle or artifact: name it with --bundle"):
        open_character_set(folder / "man")
