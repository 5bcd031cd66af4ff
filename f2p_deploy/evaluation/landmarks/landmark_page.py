"""The page of the landmark measurement: the tables, the worst photos large, all others small."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from f2p_deploy.evaluation.landmarks.landmark_data import write_json, write_landmark_csv
from f2p_deploy.evaluation.landmarks.landmark_report import AVERAGE, PHOTO, RANDOM, LandmarkReport, Measured, turned
from f2p_deploy.evaluation.landmarks.landmark_tables import NAMES, landmark_report_tables, percent
from f2p_deploy.report.page import Card, Picture, PictureRow, Table, data_uri, write_page
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.names import address

#: How many photos are shown large, and how many under every condition.
WORST, SPOILED = 5, 4

#: Edge of the squares in the strips of all others.
_SMALL = 96


def write_landmark_results(report: LandmarkReport, out: Path) -> Path:
    """Write `index.html`, `landmarks.csv` and `report.json` beside the pictures; return the page.

    Args:
        report: measured with the same `out`, so that its pictures lie there.
        out: the folder.

    Raises:
        InputError: something cannot be written, or a picture is gone.
    """
    write_landmark_csv(report, out / "landmarks.csv")
    write_json(report, out / "report.json")
    path = out / "index.html"
    photos = str(len(report.measured)) + ("" if report.complete else f" of {report.total}, stopped")
    facts = {"bundle": report.label, "schema": report.schema, "photos": photos, "split": report.only}
    facts["drawn by"] = report.engine
    notes = (
        "landmarks.csv holds every figure of every photo, report.json all tables.",
        "Intervals: 2,000 bootstrap draws of the photos; ratios are taken within a draw.",
    )
    write_page(path, "Landmark distance", facts, _cards(report, out), notes)
    return path


def _cards(report: LandmarkReport, out: Path) -> list[Card]:
    cards = [Card("Results", landmark_report_tables(report))] if report.measured else []
    if report.measured:
        worst = report.worst(WORST)
        text = f"Where {report.best} is farthest off, the worst first; the numbers are the parts together."
        cards.append(Card(f"The worst {len(worst)}", [_row(one, report) for one in worst], text))
        others = [one for one in report.measured if one not in worst]
        if others:
            cards.append(Card("All others", [_strips(others, report, out)], _order_of_strips(report)))
        shown = [one for one in report.measured if any(bad.picture for bad in one.spoiled.values())][:SPOILED]
        if shown:
            cards.append(Card("Spoiled photos", [_spoiled(one, report) for one in shown], _order_of_strips(report)))
    if report.refused:
        cards.append(Card("Refused", [_refused(report)]))
    return cards


def _row(one: Measured, report: LandmarkReport) -> PictureRow:
    order = (PHOTO, *report.modes, *report.also, AVERAGE, RANDOM)
    pictures = []
    for subject in order:
        pictures.append(
            Picture(address(one.pictures[subject]), _caption(subject), percent(float(one.distances[subject][-1])))
        )
        if one.pose_true is not None and turned(subject) in one.pictures:
            apart = percent(float(one.pose_true.distances(subject)[-1]))
            pictures.append(Picture(address(one.pictures[turned(subject)]), _caption(turned(subject)), apart))
    return PictureRow(pictures, one.name, f"turned by {abs(one.yaw):.0f}°")


def _strips(others: Sequence[Measured], report: LandmarkReport, out: Path) -> PictureRow:
    """Show each photo and its characters as one strip."""
    shown = (PHOTO, *report.modes)
    best = report.best
    pictures = [
        Picture(
            data_uri(np.concatenate([_thumbnail(out / one.pictures[subject]) for subject in shown], axis=1)),
            one.name,
            f"{best} {percent(float(one.distances[best][-1]))}, average {percent(float(one.distances[AVERAGE][-1]))}",
        )
        for one in others
    ]
    return PictureRow(pictures, small=True, across=len(shown))


def _spoiled(one: Measured, report: LandmarkReport) -> PictureRow:
    """Show one photo under every condition."""
    best = report.best
    pictures = [
        Picture(address(bad.picture), label, f"{best} {percent(float(bad.distances[best][-1]))}")
        for label, bad in one.spoiled.items()
        if bad.picture
    ]
    sharp = percent(float(one.distances[best][-1]))
    return PictureRow(pictures, one.name, f"sharp: {best} {sharp}", small=True, across=1 + len(report.modes))


def _order_of_strips(report: LandmarkReport) -> str:
    return f"From left to right: the aligned photo, {', '.join(report.modes)}."


def _refused(report: LandmarkReport) -> Table:
    rows = [(one.name, one.reason, one.message) for one in report.refused]
    return Table(("photo", "reason", "what was found"), rows)


def _caption(subject: str) -> str:
    return "aligned photo" if subject == PHOTO else NAMES.get(subject, subject)


def _thumbnail(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB").resize((_SMALL, _SMALL), Image.Resampling.LANCZOS))
    except OSError as error:
        raise InputError(f"the picture {path} of this measurement cannot be read any more") from error
