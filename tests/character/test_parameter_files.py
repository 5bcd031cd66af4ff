"""Parameter files: exact round trips in every format, and error messages with the file and the name."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.character.parameter_files import (
    read_batch,
    read_parameters,
    to_json,
    write_batch,
    write_parameters,
)
from f2p_deploy.character.parameters import Parameters, average, random_batch, smooth
from f2p_deploy.character.schema import Controller, Schema, load_schema
from f2p_deploy.system.errors import InputError

SUFFIXES = (".json", ".csv", ".f32", ".bin")


def soft_batch(schema: Schema, count: int, seed: int) -> np.ndarray:
    """Return (count, n) float32 parameters with soft discrete groups and controllers of every magnitude."""
    rng = np.random.default_rng(seed)
    state = rng.normal(size=(count, schema.n))
    state[:, : schema.n_c] = rng.uniform(size=(count, schema.n_c)) ** rng.integers(0, 60, size=(count, schema.n_c))
    return smooth(state.astype(np.float32), schema, beta=3.0)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", ["justice-female", "justice-male"])
def test_one_character_comes_back_bit_for_bit(tmp_path: Path, name: str, suffix: str) -> None:
    schema = load_schema(name)
    for seed in range(5):
        for vector in (soft_batch(schema, 1, seed)[0], random_batch(schema, 1, seed)[0], average(schema).values):
            path = tmp_path / f"character{suffix}"
            write_parameters(path, Parameters(schema, vector))
            assert read_parameters(path, schema).values.tobytes() == vector.tobytes()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", [".csv", ".f32"])
def test_many_characters_come_back_bit_for_bit(tmp_path: Path, suffix: str) -> None:
    schema = load_schema("justice-female")
    batch = np.concatenate([soft_batch(schema, 20, 1), random_batch(schema, 20, 1)])
    path = tmp_path / f"characters{suffix}"
    write_batch(path, batch, schema)
    assert read_batch(path, schema).tobytes() == batch.tobytes()
    with pytest.raises(InputError, match=f"characters{suffix} should hold one character, found 40"):
        read_parameters(path, schema)


def test_a_batch_of_one(tmp_path: Path, toy: Schema) -> None:
    for suffix in SUFFIXES:
        write_batch(tmp_path / f"one{suffix}", average(toy).values[None], toy)
        assert read_parameters(tmp_path / f"one{suffix}", toy) == average(toy)
        assert read_batch(tmp_path / f"one{suffix}", toy).shape == (1, toy.n)


def test_json_is_what_a_person_can_edit(tmp_path: Path, toy: Schema) -> None:
    parameters = average(toy).with_values({"eye.turn": 0.1, "brow": {"thin": 0.25, "thick": 0.75}}).lock("nose", "hair")
    path = tmp_path / "character.json"
    write_parameters(path, parameters)
    data = json.loads(path.read_text(encoding="utf-8"))
    assert data == {
        "format": "f2p-parameters",
        "version": 1,
        "schema": "toy",
        "schema_fingerprint": toy.fingerprint,
        "controllers": {
            "eye.size": 0.5,
            "eye.turn": 0.1,
            "nose.width": 0.1,
            "eye.height": 0.5,
            "nose.length": 0.5,
        },
        "discrete": {"hair": "short", "brow": {"thin": 0.25, "thick": 0.75}},
        "locked": ["hair", "nose.length", "nose.width"],
    }
    assert read_parameters(path, toy) == parameters


def test_csv_has_a_column_for_every_controller_and_option(tmp_path: Path, toy: Schema) -> None:
    path = tmp_path / "characters.csv"
    write_batch(path, np.stack([average(toy).values] * 2), toy)
    assert path.read_text(encoding="utf-8").splitlines() == [
        "eye.size,eye.turn,nose.width,eye.height,nose.length,hair=bald,hair=short,hair=long,brow=thin,brow=thick",
        "0.5,0.25,0.1,0.5,0.5,0.0,1.0,0.0,1.0,0.0",
        "0.5,0.25,0.1,0.5,0.5,0.0,1.0,0.0,1.0,0.0",
    ]


def test_float32_is_little_endian_and_nothing_else(tmp_path: Path, toy: Schema) -> None:
    path = tmp_path / "character.f32"
    write_parameters(path, average(toy).with_values({"eye.size": 1.0}))
    content = path.read_bytes()
    assert len(content) == 4 * toy.n
    assert content[:8] == b"\x00\x00\x80\x3f\x00\x00\x80\x3e"


def edit_json(path: Path, toy: Schema, change: Callable[[dict], object]) -> Path:
    data = to_json(average(toy))
    change(data)
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def test_json_may_leave_out_fingerprint_and_locks(tmp_path: Path, toy: Schema) -> None:
    path = tmp_path / "edited.json"
    edit_json(path, toy, lambda data: (data.pop("schema_fingerprint"), data.pop("locked")))
    assert read_parameters(path, toy) == average(toy)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_parameters(path, toy) == average(toy)


def test_json_of_a_schema_without_discrete_groups(tmp_path: Path) -> None:
    plain = Schema("plain", (Controller("a", "g"),))
    path = edit_json(tmp_path / "plain.json", plain, lambda data: data.pop("discrete"))
    assert read_parameters(path, plain)["a"] == 0.5


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda d: d.update(format="f2p"), "not a parameter file"),
        (lambda d: d.pop("format"), "not a parameter file"),
        (lambda d: d.update(version=2), "'version' must be 1, found 2"),
        (lambda d: d.update(schema="justice-male"), "'schema' must be 'toy', found 'justice-male'"),
        (lambda d: d.pop("schema"), "'schema' must be 'toy', found None"),
        (lambda d: d.update(schema_fingerprint="0" * 64), "another version of schema 'toy'"),
        (lambda d: d.update(controler={}), "unknown entry 'controler'. Did you mean 'controllers'"),
        (lambda d: d.pop("controllers"), "'controllers' is missing"),
        (lambda d: d.pop("discrete"), "'discrete' is missing"),
        (lambda d: d.update(controllers=[0.5]), r"'controllers' must map names to values, found \[0.5\]"),
        (lambda d: d.update(locked="hair"), "'locked' must be a list of names, found 'hair'"),
        (lambda d: d.update(locked=[["hair"]]), "'locked' must be a list of names"),
        (lambda d: d.update(locked=["hiar"]), "named 'hiar'. Did you mean 'hair'"),
        (lambda d: d["controllers"].update({"eye.sise": 0.5}), "no controller named 'eye.sise'. Did you mean"),
        (lambda d: d["controllers"].update(hair="long"), "no controller named 'hair'"),
        (lambda d: d["controllers"].pop("nose.width"), "'nose.width' of schema 'toy' is missing"),
        (lambda d: d["controllers"].update({"eye.size": 1.25}), r"'eye.size' must lie in \[0, 1\], found 1.25"),
        (lambda d: d["controllers"].update({"eye.size": -1e-9}), "'eye.size' must lie in"),
        (lambda d: d["controllers"].update({"eye.size": float("nan")}), "'eye.size' .* found nan"),
        (lambda d: d["controllers"].update({"eye.size": float("inf")}), "'eye.size' .* found inf"),
        (lambda d: d["controllers"].update({"eye.size": 10**400}), "'eye.size' must lie in"),
        (lambda d: d["controllers"].update({"eye.size": None}), "'eye.size' must be a number, found None"),
        (lambda d: d["controllers"].update({"eye.size": True}), "'eye.size' must be a number, found True"),
        (lambda d: d["discrete"].update(hair="bold"), "no option of 'hair' named 'bold'. Did you mean 'bald'"),
        (lambda d: d["discrete"].update(hair=1), "'hair' needs an option or probabilities"),
        (lambda d: d["discrete"].update(hair={"bald": 0.5}), "'hair' must add up to 1, found 0.5"),
        (lambda d: d["discrete"].update(hair={"bald": 2, "long": -1}), "'hair=bald' must lie in"),
        (lambda d: d["discrete"].update({"eye.size": 0.5}), "no discrete group named 'eye.size'"),
        (lambda d: d["discrete"].pop("brow"), "'brow' of schema 'toy' is missing"),
    ],
)
def test_wrong_json_is_refused(tmp_path: Path, toy: Schema, change: Callable[[dict], object], sentence: str) -> None:
    path = edit_json(tmp_path / "edited.json", toy, change)
    with pytest.raises(InputError, match=f"^{path}: .*{sentence}"):
        read_parameters(path, toy)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "damaged or truncated"),
        (b"[]", "not a parameter file: it is not an object with names"),
        (b"null", "not a parameter file: it is not an object with names"),
        (b"[" * 100_000, "damaged or truncated|nested too deeply"),
        (b'{"format": ' + b"1" * 5000 + b"}", "damaged or truncated"),
        (b'{"format": 1, "format": 2}', "'format' appears more than once"),
        (b'{"format": "\xff"}', "not UTF-8"),
    ],
)
def test_damaged_json_is_refused(tmp_path: Path, toy: Schema, content: bytes, sentence: str) -> None:
    path = tmp_path / "damaged.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"^{path}.*({sentence})"):
        read_parameters(path, toy)


def test_repeated_controller_in_json_is_named(tmp_path: Path, toy: Schema) -> None:
    path = tmp_path / "twice.json"
    text = json.dumps(to_json(average(toy))).replace('"eye.turn"', '"eye.size"')
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="twice.json: 'eye.size' appears more than once"):
        read_parameters(path, toy)


@pytest.mark.parametrize("suffix", [".json", ".f32"])
def test_truncation_at_any_byte_is_noticed(tmp_path: Path, toy: Schema, suffix: str) -> None:
    path = tmp_path / f"character{suffix}"
    write_parameters(path, average(toy))
    content = path.read_bytes().rstrip(b"\n") if suffix == ".json" else path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(InputError, match=f"^{path}: .*truncated"):
            read_parameters(path, toy)


HEADER = "eye.size,eye.turn,nose.width,eye.height,nose.length,hair=bald,hair=short,hair=long,brow=thin,brow=thick"
ROW = "0.5,0.25,0.1,0.5,0.5,0,1,0,1,0"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "needs a header row"),
        (HEADER, "needs a header row of names and one row per character"),
        (f"{HEADER}\n{ROW}\n0.5,0.25", "character 2 has 2 values for 10 columns"),
        (f"{HEADER}\n{ROW},1", "character 1 has 11 values for 10 columns"),
        (f"{HEADER}\n{ROW}\n{ROW.replace('0.1', 'wide')}", "character 2: 'nose.width' must be a number, found 'wide'"),
        (f"{HEADER}\n{ROW.replace('0.1', '')}", "character 1: 'nose.width' must be a number, found ''"),
        (f"{HEADER}\n{ROW}\n{ROW.replace('0.1', 'nan')}", "character 2: controller 'nose.width' .* found nan"),
        (f"{HEADER}\n{ROW.replace('0.1', '-inf')}", "character 1: controller 'nose.width' .* found -inf"),
        (f"{HEADER}\n{ROW.replace('0.1', '1e999')}", "'nose.width' .* found inf"),
        (f"{HEADER}\n{ROW.replace('0.1', '1.5')}", "'nose.width' .* found 1.5"),
        (f"{HEADER}\n{ROW[:-3]}0,0", "'brow' must add up to 1, found 0"),
        (f"{HEADER.replace('eye.turn', 'eye.trun')}\n{ROW}", "no column named 'eye.trun' .* Did you mean 'eye.turn'"),
        (f"{HEADER.replace('eye.turn', 'eye.size')}\n{ROW}", "column 'eye.size' appears 2 times"),
        ("\n".join(line.partition(",")[2] for line in (HEADER, ROW)), "column 'eye.size' .* is missing"),
        (f"{HEADER}\n{ROW}".replace(",", ";"), "separated by ';'"),
        (f'{HEADER}\n"{ROW}', "damaged or truncated CSV"),
    ],
)
def test_wrong_csv_is_refused(tmp_path: Path, toy: Schema, text: str, sentence: str) -> None:
    path = tmp_path / "characters.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=f"^{path}: .*{sentence}"):
        read_batch(path, toy)


def test_csv_columns_may_come_in_any_order_from_a_spreadsheet(tmp_path: Path, toy: Schema) -> None:
    path = tmp_path / "spreadsheet.csv"
    text = "\r\n".join(",".join(reversed(line.split(","))) for line in (HEADER, ROW)) + "\r\n\r\n"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_parameters(path, toy) == average(toy)


@pytest.mark.parametrize("size", [0, 1, 39, 41, 44])
def test_wrong_float32_sizes_are_refused(tmp_path: Path, toy: Schema, size: int) -> None:
    path = tmp_path / "character.bin"
    path.write_bytes(bytes(size))
    with pytest.raises(InputError, match=f"{size} bytes, but a character of schema 'toy' is 10 float32 = 40 bytes"):
        read_parameters(path, toy)


def test_wrong_float32_values_are_named(tmp_path: Path, toy: Schema) -> None:
    path = tmp_path / "character.f32"
    values = average(toy).values.copy()
    values[2] = np.nan
    path.write_bytes(values.tobytes())
    with pytest.raises(InputError, match=f"^{path}: controller 'nose.width' .* found nan"):
        read_parameters(path, toy)
    path.write_bytes(average(toy).values.tobytes() + values.tobytes())
    with pytest.raises(InputError, match=f"^{path}: character 2: controller 'nose.width'"):
        read_batch(path, toy)


def test_big_endian_numbers_are_noticed(tmp_path: Path, toy: Schema) -> None:
    path = tmp_path / "character.f32"
    path.write_bytes(average(toy).values.astype(">f4").tobytes())
    with pytest.raises(InputError, match="controller .nose.width. must lie in"):
        read_parameters(path, toy)


def test_unknown_suffix(tmp_path: Path, toy: Schema) -> None:
    for action in (
        lambda path: read_parameters(path, toy),
        lambda path: write_parameters(path, average(toy)),
        lambda path: write_batch(path, average(toy).values[None], toy),
    ):
        with pytest.raises(InputError, match=r"unknown suffix '.yaml' .* Available: .json, .csv, .f32, .bin"):
            action(tmp_path / "character.yaml")
    assert list(tmp_path.iterdir()) == []


def test_absent_file(tmp_path: Path, toy: Schema) -> None:
    with pytest.raises(InputError, match="cannot read .*absent.json: No such file"):
        read_parameters(tmp_path / "absent.json", toy)


def test_another_version_of_the_schema_is_noticed(tmp_path: Path, toy: Schema) -> None:
    path = tmp_path / "character.json"
    write_parameters(path, average(toy))
    wider = replace(toy, controllers=(replace(toy.controllers[0], high=9.0), *toy.controllers[1:]))
    with pytest.raises(InputError, match="another version of schema 'toy'"):
        read_parameters(path, wider)


def test_wrong_batches_leave_no_file(tmp_path: Path, toy: Schema) -> None:
    path = tmp_path / "characters.csv"
    with pytest.raises(InputError, match="one row or more"):
        write_batch(path, np.zeros((0, toy.n)), toy)
    with pytest.raises(InputError, match="character 1: .*'hair' must add up to 1"):
        write_batch(path, np.zeros((1, toy.n)), toy)
    with pytest.raises(InputError, match="holds one character, found 2"):
        write_batch(tmp_path / "two.json", np.stack([average(toy).values] * 2), toy)
    assert list(tmp_path.iterdir()) == []


def test_locks_that_a_form_does_not_keep_are_reported(
    tmp_path: Path, toy: Schema, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        write_parameters(tmp_path / "kept.json", average(toy).lock("hair"))
        assert not caplog.records
        write_parameters(tmp_path / "lost.csv", average(toy).lock("hair"))
    assert "locks (1) are not stored" in caplog.text
