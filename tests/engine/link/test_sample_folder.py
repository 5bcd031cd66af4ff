"""Folders of samples: what is written for an engine, and what is wrong with its pictures."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.character.parameters import Parameters
from f2p_deploy.engine.link.sample_folder import SAMPLES_FILE, SampleFolder, read_sampling, scenes_of, write_samples
from f2p_deploy.engine.pairs import Sampling
from f2p_deploy.engine.scenes import FRONT_VIEW
from f2p_deploy.system.errors import InputError

VARIED = Sampling(seed=2, scenes="varied")


def written(engine: Any, out: Path, count: int = 4, sampling: Sampling = VARIED, size: int = 16) -> SampleFolder:
    vectors = sampling.parameters(engine.schema, count)
    return write_samples(engine.schema, out, size, sampling, vectors, scenes_of(sampling, count))


def test_a_sample_says_all_that_an_engine_needs(disc_engine: Any, tmp_path: Path) -> None:
    out = tmp_path / "samples"
    made = written(disc_engine, out)
    assert (made.count, made.size, made.sampling) == (4, 16, VARIED)
    lines = [json.loads(line) for line in (out / "samples.jsonl").read_text().splitlines()]
    rows = list(csv.DictReader((out / "engine-units.csv").read_text().splitlines()))
    for i, scene in enumerate(made.scenes()):
        character = Parameters(disc_engine.schema, made.parameters[i])
        line, row = lines[i], rows[i]
        assert (line["id"], line["picture"], line["size"]) == (f"{i:06d}", f"pictures/{i:06d}.png", 16)
        assert np.float32(line["controllers"]["disc.x"]) == np.float32(character["disc.x"])
        assert line["options"] == {"hair": character.choice("hair")}
        assert line["scene"]["yaw"] == scene.yaw and tuple(line["scene"]["light"]) == scene.light
        assert row["id"] == line["id"] and row["hair"] == character.choice("hair")
        assert float(row["disc.y"]) == pytest.approx(character.in_engine_units()["disc.y"])
    assert scenes_of(None, 2) == [FRONT_VIEW, FRONT_VIEW]


def test_the_same_samples_stay_and_others_are_refused(disc_engine: Any, tmp_path: Path) -> None:
    out = tmp_path / "samples"
    written(disc_engine, out)
    (out / "pictures" / "000000.png").write_bytes(b"drawn for hours")
    assert written(disc_engine, out).count == 4 and (out / "pictures" / "000000.png").is_file()
    for changed in ({"count": 5}, {"size": 17}, {"sampling": Sampling(seed=3)}):
        with pytest.raises(InputError, match="holds other samples, maybe with pictures: name another folder"):
            written(disc_engine, out, **changed)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").touch()
    with pytest.raises(InputError, match="is not a folder of samples"):
        written(disc_engine, tmp_path / "home")


def test_each_fault_is_one_sentence(disc_engine: Any, tmp_path: Path) -> None:
    made = written(disc_engine, tmp_path / "samples", count=5)
    pictures = made.folder / "pictures"
    Image.new("RGB", (16, 16)).save(pictures / "000000.png")
    Image.new("RGB", (17, 16)).save(pictures / "000001.png")
    Image.new("L", (16, 16)).save(pictures / "000002.png")
    (pictures / "000003.png").write_bytes((pictures / "000000.png").read_bytes()[:40])
    words = ["should be 16 x 16 pixels, found 17 x 16", "should be RGB, found L", "is damaged", "is not there yet"]
    faults = made.faults()
    assert len(faults) == 4 and all(word in fault for word, fault in zip(words, faults, strict=True))
    (made.folder / "labels").mkdir()
    Image.new("L", (16, 16), 99).save(made.folder / "labels" / "000000.png")
    assert "has the label 99; the highest is 10" in made.faults()[0]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{", "samples.json is not valid JSON"),
        (b"[]", "is not of format version 1"),
        (b'{"format_version": 1}', "'name' is missing|'controllers' is missing"),
    ],
)
def test_what_is_no_folder_of_samples(disc_engine: Any, tmp_path: Path, content: bytes, sentence: str) -> None:
    made = written(disc_engine, tmp_path / "samples")
    (made.folder / SAMPLES_FILE).write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        SampleFolder(made.folder)
    with pytest.raises(InputError, match="is not a folder of samples: No such file"):
        SampleFolder(tmp_path)


def test_samplings() -> None:
    path = Path("x.json")
    assert read_sampling(None, path) is None and read_sampling({"seed": 4}, path) == Sampling(seed=4)
    for wrong in ("front", {"sead": 4}, {"pictures_per_character": "two"}):
        with pytest.raises(InputError, match="x.json: its sampling"):
            read_sampling(wrong, path)
