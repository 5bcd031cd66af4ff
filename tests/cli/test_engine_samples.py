"""`engine sample` and `collect`: an engine that renders offline."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.character.parameter_files import write_parameters
from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import load_schema


def test_sample_render_collect(f2p: Callable, tmp_path: Path) -> None:
    samples, pairs = tmp_path / "samples", tmp_path / "pairs"
    words = ("engine", "sample", "--count", 3, "--size", 16, "--varied", "-o", samples)
    ran = f2p(*words)
    assert ran.out == f"{samples}: 3 samples; render them to {samples}/pictures/000000.png to 000002.png\n", ran.err
    assert f2p(*words, "--json").json == {
        "folder": str(samples), "count": 3, "size": 16, "samples": str(samples / "samples.jsonl")
    }  # fmt: skip
    ran = f2p("engine", "collect", samples, "-o", pairs)
    assert ran.code == 2 and f"error: {samples}/pictures/000001.png is not there yet\n" in ran.err
    assert ran.err.endswith(f"error: {samples} lacks 3 of 3 pictures, or they are wrong\n") and not pairs.exists()
    assert len(f2p("engine", "collect", samples, "-o", pairs, "--json").json["problems"]) == 3
    for line in (samples / "samples.jsonl").read_text().splitlines():
        sample = json.loads(line)
        grey = round(255 * sample["controllers"]["nose.width"])
        Image.new("RGB", (sample["size"],) * 2, (grey, int(sample["id"]), 0)).save(samples / sample["picture"])
    ran = f2p("engine", "collect", samples, "-o", pairs)
    assert (ran.code, ran.out) == (0, f"{pairs}: 3 pairs\n"), ran.err
    assert f2p("engine", "check", pairs).out == f"{pairs}: 3 records, all sound\n"
    again = ("engine", "render", "--count", 3, "--size", 16, "--varied", "--engine-at", samples)
    ran = f2p(*again, "-o", tmp_path / "same")
    assert ran.code == 0, ran.err
    assert (tmp_path / "same" / "records.jsonl").read_bytes() == (pairs / "records.jsonl").read_bytes()


def test_given_characters(f2p: Callable, tmp_path: Path) -> None:
    schema = load_schema("makehuman")
    write_parameters(tmp_path / "face.json", average(schema))
    samples = tmp_path / "samples"
    ran = f2p("engine", "sample", "--character", tmp_path / "face.json", "--size", 16, "-o", samples)
    assert ran.code == 0, ran.err
    assert np.array_equal(np.fromfile(samples / "parameters.f32", "<f4"), average(schema).values)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "give either --count for random samples or --character for given ones"),
        (("--count", 2, "--character", "a.json"), "give either --count"),
        (("--character", "a.json", "--varied"), "--varied needs --count"),
        (("--character", "a.json"), "cannot read a.json"),
    ],
)
def test_wrong_words(f2p: Callable, tmp_path: Path, words: tuple, sentence: str) -> None:
    ran = f2p("engine", "sample", *words, "-o", tmp_path / "samples")
    assert ran.code == 2 and sentence in ran.err and not (tmp_path / "samples").exists()
