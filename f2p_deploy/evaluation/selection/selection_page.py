"""The files of a subjective evaluation's results: a page with every photo and its characters, JSON and CSV."""

from pathlib import Path

import numpy as np

from f2p_deploy.alignment import read_photo
from f2p_deploy.evaluation.selection.selection_ratios import SelectionReport
from f2p_deploy.evaluation.selection.selection_set import PICTURES, SelectionPhoto
from f2p_deploy.evaluation.selection.selection_tables import (
    interval_text,
    selection_csv,
    selection_data,
    selection_tables,
)
from f2p_deploy.report.page import Bars, Card, Part, Picture, PictureRow, data_uri, write_page
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import write_whole
from f2p_deploy.system.names import json_text

#: Edge of a picture on the page in pixels, and the largest number of photos shown.
_EDGE, _SHOWN = 160, 100


def write_selection_results(report: SelectionReport, selection_folder: Path, out: Path) -> Path:
    """Write `index.html`, `report.json` and `choices.csv`; return the page.

    Args:
        report: the figures.
        selection_folder: holds the pictures.
        out: the folder of the results, which may be the same.

    Raises:
        InputError: something cannot be written.
    """
    write_whole(out / "report.json", (json_text(selection_data(report)) + "\n").encode())
    write_whole(out / "choices.csv", selection_csv(report).encode())
    first, *others = selection_tables(report)
    bars = Bars(
        [
            (name, found.value, f"{found.value * 100:.1f} % ({interval_text(found)})")
            for name, found in report.ratios.items()
        ],
        "Selection ratio",
    )
    cards = [Card("Selection ratio", (first, bars, *others)), *_photo_cards(report, selection_folder)]
    facts = {
        "methods": ", ".join(report.selection.methods),
        "judges": str(len(report.sittings)),
        "photos": str(len(report.selection.photos)),
        "pictures by": report.selection.drawn_by,
    }
    page = out / "index.html"
    write_page(page, "Subjective evaluation", facts, cards)
    return page


def _photo_cards(report: SelectionReport, folder: Path) -> list[Card]:
    """Return a row of pictures for each photo, those with the clearest choice first."""
    judged = np.flatnonzero(report.answers > 0)
    order = judged[np.argsort(-report.by_photo[judged].max(axis=1), kind="stable")][:_SHOWN]
    parts: list[Part] = []
    for i in order:
        pictures = _pictures(report, report.selection.photos[i], report.by_photo[i], folder)
        if pictures:
            count = int(report.answers[i])
            said = "1 judge" if count == 1 else f"{count} judges"
            parts.append(PictureRow(pictures, report.selection.photos[i].name, said))
    text = "The photos on which judges agree most come first."
    return [Card("Photos", parts, text)] if parts else []


def _pictures(report: SelectionReport, photo: SelectionPhoto, ratios: np.ndarray, folder: Path) -> list[Picture]:
    try:
        files = [photo.identity, *(photo.candidates[method] for method in report.selection.methods)]
        sources = [data_uri(read_photo(folder / PICTURES / f"{name}.jpg"), _EDGE) for name in files]
    except InputError:  # the pictures were removed: the figures do not need them
        return []
    shares = [f"{ratio * 100:.0f} %" for ratio in ratios]
    captions = [("photo", ""), *zip(report.selection.methods, shares, strict=True)]
    return [Picture(source, *caption) for source, caption in zip(sources, captions, strict=True)]
