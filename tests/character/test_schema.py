"""Schemas: the shipped ones against the paper's counts, the short form for bones, and error messages."""

from dataclasses import replace
from pathlib import Path

import pytest

from f2p_deploy.character.schema import (
    Controller,
    DiscreteGroup,
    Schema,
    load_schema,
    shipped_schemas,
    suggestion,
)
from f2p_deploy.system.errors import InputError

#: Table 5, from top to bottom; the last nine follow the interpretation that the schema files explain.
TABLE_5 = (8, 8, 8, 6, 9, 9, 9, 9, 9, 3, 6, 9, 6, 6, 3, 6, 9, 6, 9, 9, 6, 6, 5, 5, 6, 6, 9, 9, 9)

MINIMAL = {"name": "small", "controllers": [{"name": "a", "group": "g"}]}


@pytest.mark.parametrize(
    ("name", "n_d", "n"), [("justice-male", 56, 264), ("justice-female", 102, 310), ("justice-girl", 102, 310)]
)
def test_justice_has_the_counts_of_the_paper(name: str, n_d: int, n: int) -> None:
    schema = load_schema(name)
    assert (schema.n_c, schema.n_d, schema.n) == (208, n_d, n)
    sizes = {group: len(indices) for group, indices in schema.groups.items()}
    assert sizes == {"eyebrow": 24, "eye": 51, "nose": 30, "mouth": 42, "forehead": 12, "cheek": 16, "jaw": 33}
    bones: dict[str, int] = {}
    for controller in schema.controllers:
        bone = controller.name.rpartition(".")[0]
        bones[bone] = bones.get(bone, 0) + 1
    assert tuple(bones.values()) == TABLE_5


def test_justice_discrete_groups() -> None:
    sizes = {
        name: {group.name: len(group.options) for group in load_schema(name).discrete_groups}
        for name in ("justice-female", "justice-male")
    }
    assert sizes["justice-female"] == {
        "hairstyle": 22,
        "eyebrow-style": 36,
        "lipstick-style": 19,
        "lipstick-colour": 25,
    }
    assert sizes["justice-male"] == {"hairstyle": 23, "eyebrow-style": 26, "beard-style": 7}


def test_justice_strikes_out_what_the_paper_shows() -> None:
    names = load_schema("justice-female").controller_index
    for struck in ("eye.body.sx", "eye.body.sz", "mouth.body.tx", "mouth.body.sy", "mouth.middle-upper-lip.tx"):
        assert struck not in names
    assert "eye.inner-corner.tx" in names


def test_male_and_female_share_the_controllers() -> None:
    assert load_schema("justice-male").controllers == load_schema("justice-female").controllers


def test_a_girl_has_the_parts_of_a_female_character() -> None:
    girl, female = load_schema("justice-girl"), load_schema("justice-female")
    assert (girl.controllers, girl.discrete_groups) == (female.controllers, female.discrete_groups)
    assert girl.fingerprint != female.fingerprint
    assert not any("beard" in group.name for group in girl.discrete_groups)


def test_a_stored_schema_keeps_its_groups() -> None:
    stored = load_schema("justice-male").to_dict()
    for entry in stored["controllers"]:  # type: ignore[attr-defined]
        if entry["name"].startswith("face."):
            entry["group"] = "face"  # as bundles of earlier versions have it
    assert list(Schema.from_dict(stored).groups) == ["eyebrow", "eye", "nose", "mouth", "face"]


@pytest.mark.parametrize("name", shipped_schemas())
def test_shipped_schemas_survive_plain_data(name: str) -> None:
    schema = load_schema(name)
    again = Schema.from_dict(schema.to_dict())
    assert again == schema
    assert again.fingerprint == schema.fingerprint
    assert schema.name == name


def test_every_index_belongs_to_one_part(toy: Schema) -> None:
    assert toy.groups == {"eye": (0, 1, 3), "nose": (2, 4)}
    assert toy.discrete_slices == {"hair": slice(5, 8), "brow": slice(8, 10)}
    assert (toy.n_c, toy.n_d, toy.n) == (5, 5, 10)


def test_fingerprint_follows_meaning_and_not_description(toy: Schema) -> None:
    assert replace(toy, description="other words").fingerprint == toy.fingerprint
    wider = (replace(toy.controllers[0], high=7.0), *toy.controllers[1:])
    assert replace(toy, controllers=wider).fingerprint != toy.fingerprint
    assert replace(toy, discrete_groups=toy.discrete_groups[::-1]).fingerprint != toy.fingerprint


def test_tags_point_out_parts_and_leave_the_fingerprint_alone(toy: Schema) -> None:
    tags = {"age": "eye.size", "hair": "hair", "bald": "hair=bald"}
    tagged = replace(toy, tags=tags)
    assert "tags" not in toy.to_dict() and tagged.to_dict()["tags"] == tags
    assert tagged.fingerprint == toy.fingerprint, "bundles of the untagged schema stay valid"
    assert Schema.from_dict(tagged.to_dict()) == tagged
    assert hash(tagged) == hash(toy), "schemas can be keys of caches, tagged or not"


def test_a_controller_may_make_the_face_uneven() -> None:
    plain = Schema.from_dict(MINIMAL)
    uneven = Schema.from_dict({"name": "small", "controllers": [{"name": "a", "group": "g", "asymmetric": True}]})
    assert uneven.controllers[0].asymmetric and not plain.controllers[0].asymmetric
    assert uneven.fingerprint != plain.fingerprint
    assert Schema.from_dict(uneven.to_dict()) == uneven


@pytest.mark.parametrize("name", ["makehuman", "makehuman-female", "makehuman-male"])
def test_shipped_schemas_say_what_readers_need(name: str) -> None:
    tags = set(load_schema(name).tags)
    assert {"age", "sex", "hair", "hair-colour", "skin-tone", "eye-colour", "brows", "glasses", "bald"} <= tags


def test_bones_stand_for_controllers() -> None:
    bones = [{"name": "lip.upper", "group": "mouth", "axes": "ty rx", "range": [0, 2], "default": 0.25}]
    short = Schema.from_dict({"name": "s", "controllers": [{"name": "a", "group": "g"}], "bones": bones})
    assert [c.name for c in short.controllers] == ["a", "lip.upper.ty", "lip.upper.rx"]
    assert short.controllers[1] == Controller("lip.upper.ty", "mouth", 0.25, 0.0, 2.0)
    assert Schema.from_dict({"name": "s", "bones": bones}).n_c == 2


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"controllers": MINIMAL["controllers"]}, "'name' is missing"),
        ({"name": "s"}, "'controllers' is missing"),
        ({"name": "s", "controllers": []}, "has no controllers"),
        ({"name": "s", "controllers": [{"name": "a"}]}, "'group' is missing"),
        ({"name": "s", "controllers": [{"name": "a", "group": "g", "defualt": 1}]}, "Did you mean 'default'"),
        ({**MINIMAL, "discreet": []}, "Did you mean 'discrete'"),
        ({**MINIMAL, "controllers": MINIMAL["controllers"] * 2}, "two parts named 'a'"),
        ({**MINIMAL, "controllers": [{"name": 7, "group": "g"}]}, "found 7"),
        ({**MINIMAL, "controllers": [{"name": "a=b", "group": "g"}]}, "found 'a=b'"),
        ({**MINIMAL, "controllers": [{"name": "a", "group": "g", "default": 2}]}, "'a': default"),
        ({**MINIMAL, "controllers": [{"name": "a", "group": "g", "default": float("nan")}]}, "'a': default"),
        ({**MINIMAL, "controllers": [{"name": "a", "group": "g", "range": [1, 1]}]}, "must ascend"),
        ({**MINIMAL, "controllers": [{"name": "a", "group": "g", "range": [0, float("inf")]}]}, "must ascend"),
        ({**MINIMAL, "controllers": [{"name": "a", "group": "g", "range": [0, 1, 2]}]}, "controller 1 has a value of"),
        ({**MINIMAL, "controllers": [{"name": "a", "group": "g", "mirror": "b"}]}, "mirror 'b'"),
        ({**MINIMAL, "controllers": 3}, "not a schema"),
        ({**MINIMAL, "bones": [{"name": "b", "group": "g", "axes": "tx qx"}]}, "unknown axis 'qx'"),
        ({**MINIMAL, "controllers": [{"name": "a", "group": "g", "asymmetric": "yes"}]}, "true or false, found 'yes'"),
        ({**MINIMAL, "tags": {"aeg": "a"}}, "unknown tag 'aeg'. Did you mean 'age'"),
        ({**MINIMAL, "tags": {"age": "b"}}, "tag 'age' must name one controller, found 'b'"),
        ({**MINIMAL, "tags": {"hair": "a"}}, "tag 'hair' must name one discrete group, found 'a'"),
        ({**MINIMAL, "tags": {"bald": ["a"]}}, "tag 'bald' must name one option"),
        ({**MINIMAL, "tags": 3}, "not a schema"),
        ({**MINIMAL, "discrete": [{"name": "h", "options": ["x"]}]}, "'h' needs two"),
        ({**MINIMAL, "discrete": [{"name": "h", "options": ["x", "x"]}]}, "'h' needs two"),
        ({**MINIMAL, "discrete": [{"name": "h", "options": "xyz"}]}, "must be a list"),
        ({**MINIMAL, "discrete": [{"name": "h", "options": ["x", "y"], "default": "z"}]}, "default 'z'"),
    ],
)
def test_wrong_schemas_are_refused_with_their_source(data: dict, sentence: str) -> None:
    with pytest.raises(InputError, match=f"^the file.*{sentence}"):
        Schema.from_dict(data, "the file")


def test_mirror_must_be_a_controller() -> None:
    with pytest.raises(InputError, match="mirror 'hair'"):
        Schema("s", (Controller("a", "g", mirror="hair"),), (DiscreteGroup("hair", ("x", "y")),))


def test_load_schema_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('name = "own"\nbones = [{ name = "jaw", group = "face", axes = "ty sx" }]\n', encoding="utf-8")
    assert [c.name for c in load_schema(path).controllers] == ["jaw.ty", "jaw.sx"]
    path.write_text('name = "own', encoding="utf-8")
    with pytest.raises(InputError, match="own.toml is not valid TOML"):
        load_schema(path)
    with pytest.raises(InputError, match="cannot read"):
        load_schema(tmp_path / "absent.toml")


def test_unknown_schema_gets_a_suggestion() -> None:
    with pytest.raises(InputError, match="Did you mean 'justice-male'"):
        load_schema("justise-male")


def test_suggestion_lists_no_more_than_a_dozen() -> None:
    assert suggestion("eie", ("eye", "nose")) == ". Did you mean 'eye'?"
    assert suggestion("AUTO", ("auto", "man")) == ". Did you mean 'auto'?"
    assert suggestion("Automatic", ("AUTOMATIC", "automatic")) == ". Did you mean 'AUTOMATIC'?"
    assert suggestion("xx", ("eye", "nose")) == ". Available: eye, nose"
    assert suggestion("xx", [f"name{i}" for i in range(20)]).endswith("name11 and 8 more")
