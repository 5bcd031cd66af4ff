"""Lists of files in all their forms."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.evaluation.verification.pair_list import ListedPair, read_pair_list, write_pair_list
from f2p_deploy.system.errors import InputError, PhotoError

LINES = [f"a/{i}.png,b/{i % 3}.png,{'same' if i % 2 else 0}" for i in range(12)]


def test_a_list_names_files_beside_it_and_each_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["first,second,same", *LINES, ""]))
    (tmp_path / "a").mkdir()
    Image.new("RGB", (80, 90), "red").save(tmp_path / "a" / "1.png")
    pairs = read_pair_list(path)
    assert pairs.name == "mine" and pairs.folds is None and len(pairs.names) == 12 + 3
    assert pairs.same.tolist() == [i % 2 == 1 for i in range(12)]
    first, second = pairs.pairs[1]
    assert (pairs.names[first], pairs.names[second]) == ("a/1.png", "b/1.png")
    assert pairs.open_picture(first)[0, 0].tolist() == [255, 0, 0]
    with pytest.raises(PhotoError, match=r"1\.png: there is no such file"):
        pairs.open_picture(second)


def test_tabs_spaces_and_no_header_are_the_same(tmp_path: Path) -> None:
    expected = tmp_path / "pairs.csv"
    expected.write_text("\n".join(LINES))
    wanted = read_pair_list(expected)
    assert wanted.name == tmp_path.name
    for suffix, separator in ((".tsv", "\t"), (".txt", "  ")):
        path = tmp_path / f"other{suffix}"
        path.write_text("\ufeff" + "\r\n".join(line.replace(",", separator) for line in LINES), encoding="utf-8")
        found = read_pair_list(path)
        assert found.names == wanted.names
        assert (found.pairs == wanted.pairs).all() and (found.same == wanted.same).all()


def test_lfws_own_list_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pairs.txt"
    lines = [f"Ann_Lee\t1\t{i}" for i in range(2, 8)] + [f"Ann_Lee\t{i}\tBo_Day\t12" for i in range(1, 7)]
    path.write_text("\n".join(["10\t300", *lines]))
    pairs = read_pair_list(path)
    assert pairs.same.tolist() == [True] * 6 + [False] * 6
    assert [pairs.names[i] for i in pairs.pairs[0]] == ["Ann_Lee/Ann_Lee_0001.jpg", "Ann_Lee/Ann_Lee_0002.jpg"]
    assert pairs.names[pairs.pairs[-1, 1]] == "Bo_Day/Bo_Day_0012.jpg"


def test_a_written_list_is_read_with_its_folds(tmp_path: Path) -> None:
    listed = [ListedPair(f"a, {i}.png", "b.png", i % 2 == 0, i // 2) for i in range(20)]
    write_pair_list(tmp_path / "made.csv", listed)
    pairs = read_pair_list(tmp_path / "made.csv")
    assert pairs.folds is not None and pairs.folds.tolist() == [i // 2 for i in range(20)]
    assert pairs.names[0] == "a, 0.png" and (pairs.same == (np.arange(20) % 2 == 0)).all()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a.png,b.png", r"line 13 should be: path, path, same"),
        ("a.png,b.png,perhaps", r"line 13 should be: path, path, same"),
        ("a.png,,1", r"line 13 should be: path, path, same"),
        ("a.png,b.png,1,x", "line 13: a fold is a number from 0, found 'x'"),
        ("a.png,b.png,1,3", "some pairs have a fold"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("\n".join([*LINES, line]))
    with pytest.raises(InputError, match=words):
        read_pair_list(path)


def test_empty_and_missing_lists(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("first,second,same\n\n")
    with pytest.raises(InputError, match="lists no pairs"):
        read_pair_list(tmp_path / "mine.csv")
    with pytest.raises(InputError, match="cannot read"):
        read_pair_list(tmp_path / "gone.csv")
    (tmp_path / "mine.csv").write_bytes(b"\xff\x00\n" * 3)
    with pytest.raises(InputError, match=r"mine\.csv"):
        read_pair_list(tmp_path / "mine.csv")
