"""A `.mhm` file, read back by a reader of MakeHuman's rules, gives the head that the reference engine draws."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.character.parameters import Parameters, average, random_batch
from f2p_deploy.character.schema import Schema, load_schema
from f2p_deploy.engine.makehuman.mhm_file import PLUGIN_ONLY, mhm_text
from f2p_deploy.system.errors import InputError

SCHEMA = load_schema("makehuman")


@dataclass
class ReadBack:
    """What a `.mhm` file says."""

    modifiers: dict[str, float] = field(default_factory=dict)
    meshes: dict[str, tuple[str, str]] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)


def read_mhm(text: str) -> ReadBack:
    """Read a file as MakeHuman does: words between spaces, and lines of unknown words are ignored."""
    read = ReadBack()
    for line in text.splitlines():
        words = line.split()
        if words[0] == "#":
            read.comments.append(line[2:])
        elif words[0] == "modifier":
            read.modifiers[words[1]] = float(words[2])
        elif words[0] in ("hair", "eyebrows", "eyes", "eyelashes"):
            read.meshes[words[0]] = (words[1], words[2])
        else:
            read.words[words[0]] = " ".join(words[1:])
    return read


class MakeHuman:
    """The targets of MakeHuman, applied as its modifiers say."""

    def __init__(self, assets: Path) -> None:
        self._targets, self._read = assets / "makehuman/data/targets", dict[str, np.ndarray]()
        lines = (assets / "makehuman/data/3dobjs/base.obj").read_text().splitlines()
        self.base = np.array([line.split()[1:4] for line in lines if line.startswith("v ")], np.float64)

    def shape(self, modifiers: dict[str, float]) -> np.ndarray:
        """Return the (N, 3) vertices of the base mesh."""
        points = self.base.copy()
        macros = {name.split("/")[1]: value for name, value in modifiers.items() if name.startswith("macro")}
        old = max(0.0, 2 * macros["Age"] - 1)
        for origin in ("African", "Asian", "Caucasian"):
            for sex, share in (("female", 1 - macros["Gender"]), ("male", macros["Gender"])):
                for age, weight in (("young", 1 - old), ("old", old)):
                    file = f"macrodetails/{origin.lower()}-{sex}-{age}"
                    self._add(points, file, macros[origin] * share * weight)
        for name, value in modifiers.items():
            if not name.startswith("macro"):
                stem, _, high = name.partition("|")
                if high:  # group/target-low|high
                    stem = stem if value < 0 else f"{stem.rpartition('-')[0]}-{high}"
                self._add(points, stem, abs(value))
        return points

    def _add(self, points: np.ndarray, file: str, weight: float) -> None:
        if file not in self._read:
            lines = (self._targets / f"{file}.target").read_text().splitlines()
            self._read[file] = np.array([line.split() for line in lines if line[:1].isdigit()], np.float64)
        rows = self._read[file]
        points[rows[:, 0].astype(int)] += weight * rows[:, 1:]


@pytest.fixture(scope="module")
def makehuman(makehuman_assets: Path) -> MakeHuman:
    return MakeHuman(makehuman_assets)


@pytest.fixture(scope="module")
def heads(makehuman: MakeHuman, makehuman_assets: Path) -> Callable[[Parameters], tuple[np.ndarray, np.ndarray]]:
    """Returns the head's vertices as the file says, and as the engine draws them."""
    pytest.importorskip("numba")
    from f2p_deploy.engine.makehuman.assets import load_mesh
    from f2p_deploy.engine.makehuman.morphs import load_morphs

    base = load_mesh(makehuman_assets / "makehuman/data/3dobjs/base.obj")
    drawn = load_morphs(SCHEMA, base, makehuman_assets / "makehuman/data/targets", base.points[:, 1] > 3.1)
    head = makehuman.base[:, 1] > 5.5

    def both(character: Parameters) -> tuple[np.ndarray, np.ndarray]:
        told = makehuman.shape(read_mhm(mhm_text(character)).modifiers)
        return told[head], drawn.shape(character.values[: SCHEMA.n_c])[head]

    return both


def with_sliders(seed: int, reach: float) -> Parameters:
    """Return a random character, moved towards the average face, whose macros MakeHuman can hold."""
    character = average(SCHEMA)
    values, random = character.values.copy(), random_batch(SCHEMA, 1, seed)[0]
    values[: SCHEMA.n_c] += reach * (random[: SCHEMA.n_c] - values[: SCHEMA.n_c])
    values[SCHEMA.n_c :] = random[SCHEMA.n_c :]
    macros = {f"head.{name}": 0.0 for name in ("african", "asian", "caucasian")}
    macros |= {"head.age": 0.35, "head.masculinity": 0.7, "chin.triangle": 0.3}
    return Parameters(SCHEMA, values).with_values(macros)


@pytest.mark.parametrize("seed", [1, 2])
def test_sliders_give_the_same_head(heads: Callable, seed: int) -> None:
    told, drawn = heads(with_sliders(seed, 0.8))
    assert np.abs(told - drawn).max() < 2e-5  # decimetres: six digits of a modifier, and the engine's float32
    _, usual = heads(average(SCHEMA))
    assert np.abs(told - usual).max() > 0.1


def test_macros_give_the_same_head_but_for_their_products(heads: Callable) -> None:
    """The engine adds what sex, origin and age change; MakeHuman multiplies their shares."""
    for changes in ({"head.asian": 0.4}, {"head.masculinity": 0.8, "head.age": 0.6}):
        told, drawn = heads(average(SCHEMA).with_values(changes))
        assert np.abs(told - drawn).max() < 2e-5
    told, drawn = heads(average(SCHEMA).with_values({"head.african": 0.4, "head.masculinity": 0.8}))
    assert 1e-3 < np.abs(told - drawn).max() < 0.05


def test_modifiers_are_makehuman_s(makehuman_assets: Path) -> None:
    definitions = json.loads((makehuman_assets / "makehuman/data/modifiers/modeling_modifiers.json").read_text())
    known = set()
    for group in definitions:
        for entry in group["modifiers"]:
            ends = f"-{entry['min']}|{entry['max']}" if "min" in entry else ""
            known.add(f"{group['group']}/{entry.get('target', entry.get('macrovar'))}{ends}")
    own = read_mhm(mhm_text(Parameters(SCHEMA, with_sliders(3, 1.0).values))).modifiers
    unknown = {name for name in own if name not in known}
    assert len(own) > 100 and all(name.startswith("asym/") or name == "chin/chin-triangle" for name in unknown)
    assert len(PLUGIN_ONLY) == 1 + sum(c.name.startswith("asym.") for c in SCHEMA.controllers)
    for name in unknown:
        assert (makehuman_assets / f"makehuman/data/targets/{name}.target").is_file()


def test_meshes_are_named_as_in_their_files(makehuman_assets: Path) -> None:
    from f2p_deploy.engine.makehuman.mhm_file import _MESHES

    files = {path.stem: path for path in (makehuman_assets / "makehuman/data").glob("*/*/*.mhclo")}
    for option, (name, uuid) in _MESHES.items():
        lines = files[option].read_text().splitlines()
        assert f"name {name}" in lines and f"uuid {uuid}" in lines
    read = read_mhm(mhm_text(average(SCHEMA).with_values({"hair": "bob02-mirrored", "eye-colour": "hazel"})))
    assert read.meshes["hair"][0] == "bob02" and "not in this file: hair bob02-mirrored (written as bob02)" in (
        read.comments
    )
    assert read.words["material"].endswith("eyes/materials/brownlight.mhmat")
    assert "hair" not in read_mhm(mhm_text(average(SCHEMA).with_values({"hair": "bald"}))).meshes


def test_what_the_file_cannot_hold_is_said_in_it() -> None:
    changes = {"head.masculinity": 1.0, "head.age": 1.0, "glasses": "round", "skin-tone": "umber", "skin.redness": 1.0}
    read = read_mhm(mhm_text(average(SCHEMA).with_values({**changes, "head.african": 1.0}), "anna\nversion 9"))
    said = [comment.removeprefix("not in this file: ") for comment in read.comments]
    for sentence in ("head.masculinity 1.25 (written as 1)", "old age 1.375 (written as 1)", "glasses round"):
        assert sentence in said
    assert "skin.redness 1" in said and any(sentence.startswith("origins african 1.167") for sentence in said)
    assert read.words["skinMaterial"] == "skins/old_african_male/old_african_male.mhmat"
    macros = [read.modifiers[f"macrodetails/{origin}"] for origin in ("African", "Asian", "Caucasian")]
    assert macros == [1.0, 0.0, 0.0] and read.words["name"] == r"anna\nversion 9"
    assert read.words["version"] == "v1.2.0"


def test_another_engine_s_schema_is_refused() -> None:
    schema: Schema = load_schema("justice-male")
    with pytest.raises(InputError, match="schema 'justice-male' has no slider of MakeHuman"):
        mhm_text(average(schema))
