"""A sample of bench/fuzz_files.py: commands on damaged files, and files that were found by it."""

import json
from pathlib import Path

import pytest
from file_cases import judge, run_words
from file_corpus import make_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory):
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("corpus")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder, make_corpus(folder, lambda *words: run_words(*words, seconds=600).code)


def test_a_command_on_a_damaged_file_ends_with_a_sentence(corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, targets = corpus
    monkeypatch.chdir(folder)
    wrong, codes = [], set()
    for seed in range(100):
        ended, kind, words, what = judge(folder, targets, seed)
        codes.add(ended.code)
        if what:
            wrong.append((seed, kind, words, what))
    assert not wrong and codes == {0, 2}


def test_the_same_seed_damages_alike(corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, targets = corpus
    monkeypatch.chdir(folder)
    one, two = (judge(folder, targets, 7) for _ in range(2))
    assert one == two


DEEP = "[" * 60_000


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("b/bundle.json", DEEP, ("bundle", "show", "b")),
        ("s.toml", f"a = {DEEP}", ("schema", "show", "s.toml")),
        ("p.toml", f"a = {DEEP}", ("bundle", "new", "out", "--preset", "p.toml", "--schema", "makehuman")),
        ("m.toml", f"a = {DEEP}", ("convert", "a.json", "--to", "units", "--mapping", "m.toml", "-o", "out")),
        ("pairs/manifest.json", DEEP, ("engine", "check", "pairs")),
        ("a.json", DEEP, ("convert", "a.json", "--to", "csv", "-o", "out.csv")),
        ("sheet/review.json", DEEP, ("sheet", "sheet")),
    ],
)
def test_what_is_nested_too_deeply_is_one_sentence(tmp_path: Path, monkeypatch, file: str, content: str, words) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sheet" / "anna").mkdir(parents=True)
    (tmp_path / "sheet" / "anna" / "parameters.json").write_text("{}")
    (tmp_path / "a.json").write_text(json.dumps({"schema": "makehuman"}))
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(content)
    ended = run_words(*words)
    assert ended.code == 2 and ended.err.count("\n") == 1 and not (tmp_path / "out").exists(), ended
