"""The page for judges: blind, whole, and its orders are random but repeatable."""

import json
import re
import shutil
import subprocess
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from f2p_deploy.evaluation.selection.judge_page import write_judge_page
from f2p_deploy.evaluation.selection.selection_set import SelectionSet


def test_the_page_has_every_picture_and_no_name(selection: SelectionSet, pictures: Path) -> None:
    text = write_judge_page(selection, pictures / "study").read_text(encoding="utf-8")
    shown = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])  # type: ignore[index]
    assert shown["selection"] == selection.digest and shown["seed"] == 5
    assert text.count("data:image/jpeg;base64,") == 9
    for photo, entry in zip(selection.photos, shown["photos"], strict=True):
        candidates = [candidate["id"] for candidate in entry["candidates"]]
        assert entry["id"] == photo.identity and candidates == sorted(photo.candidates.values())
    visible = re.sub(r"base64,[^\"]+", "", text)
    for name in ("anna", "ben.", "cleo", "fancy", 'plain"', str(pictures)):
        assert name not in visible.replace('class="plain"', "").replace('className = "plain"', "")
    assert "src=\"http" not in text and "https://" not in text


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_every_order_is_as_likely_and_depends_on_the_text(tmp_path: Path) -> None:
    script = files("f2p_deploy") / "evaluation/selection/templates/judge.js"
    code = f"""const {{ shuffled }} = require({json.dumps(str(script))});
    const all = [];
    for (let i = 0; i < 6000; i++) all.push(shuffled(["a", "b", "c"], "5|judge" + i + "|photo").join(""));
    console.log(JSON.stringify([all, shuffled(["a", "b", "c"], "5|judge0|photo").join("")]));"""
    done = subprocess.run(["node", "-e", code], capture_output=True, text=True, check=True, timeout=30)
    orders, again = json.loads(done.stdout)
    counts = Counter(orders)
    assert again == orders[0] and len(counts) == 6
    assert all(abs(count - 1000) < 150 for count in counts.values())  # 5 standard deviations
