"""A studio's template: filled by the mapping, and everything wrong in either is a sentence."""

from pathlib import Path

import pytest

from f2p_deploy.character.parameters import Parameters, average
from f2p_deploy.character.schema import load_schema
from f2p_deploy.character.template_file import FilledTemplate, read_mapping
from f2p_deploy.system.errors import InputError

SCHEMA = load_schema("makehuman")
MAPPING = """
[values.NoseWidth]
from = "nose.width"
range = [-100, 100]
offset = 0.6
decimals = 0

[values.Jaw]
from = "chin.width"
range = "units"
decimals = 2

[values.Beard]
from = "beard"
options = { none = 0, shadow = 1, stubble = 2, moustache = 10, goatee = 11, full = 12 }

[values.Lips]
from = "lip-colour"
"""


@pytest.fixture
def character() -> Parameters:
    return average(SCHEMA).with_values({"nose.width": 0.75, "chin.width": 0.0, "beard": "goatee"})


def fill(folder: Path, text: str, character: Parameters, mapping: str | None = MAPPING, name: str = "hero.lua") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    if mapping is not None:
        (folder / "map.toml").write_text(mapping, encoding="utf-8")
    template = FilledTemplate(folder / name, None if mapping is None else folder / "map.toml", SCHEMA)
    return template.fill(character, "anna", "a & b.jpg", "one-shot")


def test_values_are_scaled_rounded_and_renamed(tmp_path: Path, character: Parameters) -> None:
    text = '{ nose = {{ NoseWidth }}, jaw = {{ Jaw }}, beard = {{ Beard }}, lips = "{{ Lips }}" } -- {{ photo }}\n'
    made = fill(tmp_path, text, character)
    assert made == '{ nose = 51, jaw = -0.56, beard = 11, lips = "natural" } -- a & b.jpg\n'
    text = "{{ name }} {{ mode }} {{ schema }} {{ controllers['nose.width'] }} {{ units['nose.width'] }}"
    assert fill(tmp_path, text, character, None) == "anna one-shot makehuman 0.75 0.42"
    loop = "{% for group, option in options.items() if group == 'beard' %}[{{ group }}]{{ option }}{% endfor %}"
    assert fill(tmp_path, loop, character, None) == "[beard]goatee"


def test_the_example_of_the_documentation(tmp_path: Path, character: Parameters) -> None:
    page = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    template, mapping = (page.split(f"```{kind}\n", 1)[1].split("```", 1)[0] for kind in ("xml", "toml"))
    made = fill(tmp_path, template, character, mapping, "hero.xml")
    assert '<nose width="50"/> <hair>3</hair>' in made and '<bone name="nose.width" value="0.42"/>' in made


def test_xml_is_escaped_and_a_template_s_suffix_goes(tmp_path: Path, character: Parameters) -> None:
    assert fill(tmp_path, "<p>{{ photo }}</p>", character, None, "hero.xml.j2") == "<p>a &amp; b.jpg</p>"
    assert FilledTemplate(tmp_path / "hero.xml.j2", None, SCHEMA).file == "hero.xml"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{{ NoseWith }}", r"uses 'NoseWith', but .*map.toml has no \[values.NoseWith\]. Did you mean 'NoseWidth'"),
        ("{{ Jaw", "is not valid in line 1 .--verbose"),
        ("{{ controllers['nose.with'] }}", "in line 1: no controller named 'nose.with'. Did you mean 'nose.width'"),
        ("\n{{ Jaw / 0 }}", "cannot be filled in line 2 .--verbose"),
        ("{{ ''.__class__.__mro__ }}", "cannot be filled in line 1"),
        ("{% include 'other' %}", "cannot be filled"),
        ("{{ 'x' * 10**17 }}", "cannot be filled"),  # more than any memory
        ("{{ " + "(" * 9000 + "1" + ")" * 9000 + " }}", "is nested too deeply"),
    ],
)
def test_wrong_templates(tmp_path: Path, character: Parameters, text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        fill(tmp_path, text, character)


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ("[values.A]\n", "'from' must be the name"),
        ("[values.A]\nfrom = 'nose.with'", "has no 'nose.with'. Did you mean 'nose.width'"),
        ("[values.A]\nfrom = 'nose.width'\nrange = [1, 1]", "two equal ends, 1"),
        ("[values.A]\nfrom = 'nose.width'\nrange = [1, nan]", "'range' must be a finite number, found nan"),
        ("[values.A]\nfrom = 'nose.width'\nrange = 'unit'", "or \"units\", found 'unit'"),
        ("[values.A]\nfrom = 'nose.width'\ndecimals = -1", "whole number from 0 to 15, found -1"),
        ("[values.A]\nfrom = 'nose.width'\noffset = 'x'", "'offset' must be a finite number"),
        ("[values.A]\nfrom = 'nose.width'\noptions = {}", "is a controller and has no options"),
        ("[values.A]\nfrom = 'hair'\nrange = [0, 1]", "is a discrete group and has no 'range'"),
        ("[values.A]\nfrom = 'beard'\noptions = { none = 0 }", "lacks \"shadow\" .5 of 6 are missing"),
        ("[values.A]\nfrom = 'beard'\noptions = { non = 0 }", "no option 'non'. Did you mean 'none'"),
        ("[values.A]\nfrom = 'beard'\noptions = { none = [] }", "table of texts, numbers"),
        ("[values.A]\nform = 'beard'", "unknown key 'form'. Did you mean 'from'"),
        ("[values.'a.b']\nfrom = 'beard'", "letters, digits and _"),
        ("[values.units]\nfrom = 'beard'", "'units' is a name that every template has"),
        ("values = 3", "found none"),
        ("[value.A]\nfrom = 'beard'", "found 'value'"),
        ("[values]\nA = 3", "is a table with 'from', found 3"),
        ("[values", "not valid TOML"),
    ],
)
def test_wrong_mappings(tmp_path: Path, mapping: str, sentence: str) -> None:
    (tmp_path / "map.toml").write_text(mapping)
    with pytest.raises(InputError, match=sentence):
        read_mapping(tmp_path / "map.toml", SCHEMA)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe")
    for path in (tmp_path / "bytes.txt", tmp_path / "gone.txt"):
        with pytest.raises(InputError, match="cannot read the template"):
            FilledTemplate(path, None, SCHEMA)
        with pytest.raises(InputError, match="cannot read the mapping"):
            read_mapping(path, SCHEMA)
