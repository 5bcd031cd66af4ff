"""The files of a verification measurement: a page with the pairs that were judged wrongly, JSON and CSV."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from f2p_deploy.evaluation.verification.measure_verification import MeasuredPairs, VerificationReport
from f2p_deploy.evaluation.verification.verification_tables import (
    pca_words,
    verification_csv,
    verification_data,
    verification_tables,
)
from f2p_deploy.report.page import Bars, Card, Part, Picture, PictureRow, Table, data_uri, write_page
from f2p_deploy.system.errors import PhotoError
from f2p_deploy.system.files import write_whole
from f2p_deploy.system.names import json_text

#: Edge of a picture on the page in pixels, and number of wrong pairs of each kind.
_EDGE, _SHOWN = 112, 6


def write_verification_results(report: VerificationReport, out: Path) -> Path:
    """Write `index.html`, `report.json` and `verification.csv`; return the page.

    Raises:
        InputError: something cannot be written.
    """
    write_whole(out / "report.json", (json_text(verification_data(report)) + "\n").encode())
    write_whole(out / "verification.csv", verification_csv(report).encode())
    published, *tables = verification_tables(report)
    cards = [Card("Table 6", (published,))]
    for one, table in zip(report.sets, tables, strict=True):
        cards.append(Card(one.pairs.name, (table, _bars(one), *_wrong(one, report.features[0]), *_refused(one))))
    facts = {
        "bundle": report.label,
        "runtime": report.runtime,
        "sets": ", ".join(one.pairs.name for one in report.sets),
        "normalised by": pca_words(report.pca),
    }
    page = out / "index.html"
    notes = (report.alignment,) if report.alignment else ()
    write_page(page, "Verification", facts, cards, notes)
    return page


def _bars(one: MeasuredPairs) -> Bars:
    rows = [
        (feature, max(2 * found.mean - 1, 0.0), f"{found.mean:.1%} ± {found.deviation * 100:.1f}")
        for feature, found in one.by_pca.items()
    ]
    return Bars(rows, "Accuracy with PCA", "From chance, 50 %, at the left end, to 100 % at the right end.")


def _wrong(one: MeasuredPairs, feature: str) -> list[Part]:
    """Return the clearest mistakes of a feature: the nearest pairs of two people, the farthest of one."""
    found, pairs, same = one.by_pca[feature], one.pairs.pairs[one.kept], one.pairs.same[one.kept]
    parts: list[Part] = []
    for kind, sign, title in (
        (False, 1, f"Two people taken for one, by {feature}"),
        (True, -1, f"One person taken for two, by {feature}"),
    ):
        wrong = np.flatnonzero(~found.correct & (same == kind))
        text = f"{len(wrong)} of {int((same == kind).sum())} pairs, the clearest mistakes first."
        order = wrong[np.argsort(sign * found.distances[wrong], kind="stable")][:_SHOWN]
        shown = [_pair(one, pairs[i], float(found.distances[i])) for i in order]
        parts.append(PictureRow([picture for picture in shown if picture], title, text, small=True, across=2))
    return parts


def _pair(one: MeasuredPairs, pair: np.ndarray, distance: float) -> Picture | None:
    """Return the two pictures of a pair side by side."""
    try:
        first, second = (_square(one.pairs.open_picture(int(i))) for i in pair)
    except PhotoError:  # it was readable before
        return None
    names = " and ".join(one.pairs.names[i] for i in pair)
    return Picture(data_uri(np.concatenate([first, second], axis=1)), names, f"distance {distance:.2f}")


def _square(picture: np.ndarray) -> np.ndarray:
    """Return the middle square of a picture, `_EDGE` pixels wide."""
    return np.asarray(ImageOps.fit(Image.fromarray(picture), (_EDGE, _EDGE)))


def _refused(one: MeasuredPairs) -> list[Part]:
    if not one.refused:
        return []
    rows = [(refused.name, refused.reason, refused.message) for refused in one.refused[:100]]
    more = f"The first 100 of {len(one.refused)}; report.json has all." if len(one.refused) > 100 else ""
    return [Table(("", "reason", "message"), rows, "Pictures without a usable face", more)]
