"""The page on which judges select characters: one file with every picture, which names no method."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from f2p_deploy.evaluation.selection.selection_set import SelectionSet
from f2p_deploy.report.templates import render_template
from f2p_deploy.system.files import write_whole

JUDGE_PAGE = "selection.html"

QUESTION = "Which character resembles this person most?"


def write_judge_page(selection: SelectionSet, out: Path) -> Path:
    """Write the page; return its path.

    Raises:
        InputError: it cannot be written.
    """
    values = {
        "title": "Select characters",
        "facts": {"photos": str(len(selection.photos)), "characters of each": str(len(selection.methods))},
        "notes": (),
        "question": QUESTION,
        "count": len(selection.photos),
        "data": _page_data(selection),
    }
    page = out / JUDGE_PAGE
    write_whole(page, render_template("evaluation/selection/templates/judge.html", values).encode("utf-8"))
    return page


def _page_data(selection: SelectionSet) -> dict[str, Any]:
    """Return what the page's script reads; candidates are in the order of their random names."""
    return {
        "selection": selection.digest,
        "seed": selection.seed,
        "photos": [
            {
                "id": photo.identity,
                "picture": _data_address(photo.content, photo.identity),
                "candidates": [
                    {"id": identity, "picture": _data_address(photo.content, identity)}
                    for identity in sorted(photo.candidates.values())
                ],
            }
            for photo in selection.photos
        ],
    }


def _data_address(content: Mapping[str, bytes], identity: str) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(content[identity]).decode('ascii')}"
