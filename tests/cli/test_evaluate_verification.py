"""`evaluate verification` on pictures of a file and of people, and errors that are raised before slow work."""

import csv
import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


def jpeg(seed: int) -> bytes:
    content, rng = io.BytesIO(), np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 255, (4, 4, 3), dtype=np.uint8))
    small.resize((112, 112), Image.Resampling.BICUBIC).save(content, "JPEG")
    return content.getvalue()


@pytest.fixture
def lfw(tmp_path: Path) -> Path:
    """Twelve pairs; those of the same person are the same picture."""
    files = [jpeg(2 * (i // 2) + (i % 2) * (i // 2 % 2)) for i in range(24)]
    path = tmp_path / "lfw.bin"
    path.write_bytes(pickle.dumps((files, [i % 2 == 0 for i in range(12)])))
    return path


@pytest.fixture
def people(shared: Path, tmp_path: Path) -> Path:
    """Five people of the ORL database, three pictures of each."""
    source = shared / "data" / "verification" / "orl_faces"
    if not source.is_dir():
        pytest.skip(f"no pictures of people at {source}")
    for person in ("s1", "s2", "s3", "s4", "s5"):
        (tmp_path / "orl" / person).mkdir(parents=True)
        for number in range(1, 4):
            (tmp_path / "orl" / person / f"{number}.pgm").write_bytes((source / person / f"{number}.pgm").read_bytes())
    return tmp_path / "orl"


def test_a_file_of_crops_fills_a_column_of_table_6(
    f2p: Callable, lfw: Path, small_bundle: "Bundle", tmp_path: Path
) -> None:
    words = (lfw, "--bundle", small_bundle.path, "--aligned", "arcface", "--mode", "one-shot", "--threads", 1)
    ran = f2p("evaluate", "verification", *words, "-o", tmp_path / "out")
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    assert lines[2].split()[:2] == ["LFW", "CFP_FF"] and "Table 6" in lines[1]
    assert lines[3].split()[-1] == "0.9235" and "1.0000 ± 0.0000" in ran.out
    assert f"page: {tmp_path / 'out' / 'index.html'}" in ran.out
    with (tmp_path / "out" / "verification.csv").open(newline="") as stream:
        assert {row["set"] for row in csv.DictReader(stream)} == {"lfw"}
    again = f2p("evaluate", "verification", *words, "--json")
    assert again.json["sets"]["lfw"]["features"]["one-shot"]["PCA"]["accuracy"] == 1.0
    assert again.json["alignment"].startswith("The pictures are taken as crops")


def test_an_artifact_gives_the_same(f2p: Callable, lfw: Path, small_artifact: Path, small_bundle: "Bundle") -> None:
    words = ("evaluate", "verification", lfw, "--aligned", "arcface", "--mode", "one-shot", "--json")
    found = f2p(*words, "--from", small_artifact)
    assert found.code == 0, found.err
    assert found.json["sets"] == f2p(*words, "--bundle", small_bundle.path).json["sets"]


def test_people_become_pairs_and_the_demo_bundle_is_measured(
    f2p: Callable, people: Path, landmarker: Path, tmp_path: Path
) -> None:
    pytest.importorskip("mediapipe")
    words = ("--people", people, "--landmarker", landmarker, "--mode", "one-shot", "--threads", 1, "--json")
    ran = f2p("evaluate", "verification", *words, "-o", tmp_path / "out")
    assert ran.code == 0, ran.err
    found = ran.json["sets"]["orl"]
    assert found["pairs"] == {"asked": 30, "measured": 30, "left_out": 0} and found["pictures"] == 15
    assert found["features"]["recognition network"]["length"]["accuracy"] > 0.8
    assert (tmp_path / "out" / "index.html").is_file()
    listed = (tmp_path / "out" / "pairs.csv").read_text().splitlines()
    assert listed[0] == "first,second,same,fold" and len(listed) == 31


def test_a_damaged_picture_is_listed_and_its_pair_left_out(
    f2p: Callable, lfw: Path, small_bundle: "Bundle"
) -> None:
    files, answers = pickle.loads(lfw.read_bytes())
    files[5] = files[5][:200]
    lfw.write_bytes(pickle.dumps((files, answers)))
    words = (lfw, "--bundle", small_bundle.path, "--aligned", "arcface", "--mode", "one-shot", "--json")
    ran = f2p("evaluate", "verification", *words)
    assert ran.code == 0 and "left out: lfw.bin, picture 5: the picture is damaged" in ran.err
    assert ran.json["sets"]["lfw"]["pairs"] == {"asked": 12, "measured": 11, "left_out": 1}


def test_bad_words(f2p: Callable, lfw: Path, tmp_path: Path) -> None:
    for words, said in (
        ((), "name a set of pairs, or a folder of people"),
        ((tmp_path / "gone.bin",), "there is no file of pairs"),
        ((lfw, "--mode", "oneshot"), "Did you mean 'one-shot'?"),
        ((lfw, "--aligned", "arc"), "--aligned is no or arcface, found 'arc'"),
        ((lfw, "--colour-order", "brg"), "no colour order named 'brg'"),
        ((lfw, lfw), "two sets have the same name: lfw, lfw"),
        ((lfw, "--limit", 4), "at least 10 pairs, found 4"),
        (("--people", tmp_path / "gone"), "cannot look into the folder"),
        ((lfw, "--bundle", tmp_path, "--from", tmp_path), "either --bundle or --artifact"),
    ):
        ran = f2p("evaluate", "verification", *words)
        assert ran.code == 2 and said in ran.err, ran.err
