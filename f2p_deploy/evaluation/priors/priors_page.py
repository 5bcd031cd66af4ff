"""The priors in tables, as data, and as a page with the curves and random characters."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from f2p_deploy.evaluation.priors.measure_priors import LEVELS, PriorReport, components_for
from f2p_deploy.report.curve import draw_curves
from f2p_deploy.report.page import Card, Drawing, Picture, PictureRow, Table, data_uri, write_page
from f2p_deploy.system.files import write_whole
from f2p_deploy.system.names import json_text

#: Numbers of components in the table of energies.
_SHOWN = (1, 2, 3, 5, 8, 12, 16, 24, 32, 48)


def prior_tables(report: PriorReport) -> tuple[Table, Table]:
    """Return the energy by number of components, and the components that shares of the variance need."""
    largest = max(len(prior.indices) for prior in report.priors.groups)
    counts = [k for k in _SHOWN if k <= largest]
    rows = [
        (group, *(f"{energies[k] * 100:.1f} %" if k < len(energies) else "" for k in counts))
        for group, energies in report.energies.items()
    ]
    energy = Table(
        ("", *map(str, counts)),
        rows,
        "Reconstruction energy by number of components",
        "The share of a group's variance, over the characters that the priors were fitted to, in its first directions.",
    )
    rows = []
    for prior in report.priors.groups:
        kept = prior.scale.size
        needed = [str(components_for(prior, level)) for level in LEVELS]
        held = f"{report.energies[prior.group][kept] * 100:.1f} %"
        rows.append((prior.group, str(len(prior.indices)), str(kept), held, *needed))
    total = [str(sum(int(row[i]) for row in rows)) for i in (1, 2)]
    sums = [str(sum(int(row[4 + i]) for row in rows)) for i in range(len(LEVELS))]
    rows.append(("together", *total, "", *sums))
    headers = ("", "controllers", "kept", "energy kept", *(f"for {level * 100:.0f} %" for level in LEVELS))
    return energy, Table(headers, rows, "Components", "", (len(rows) - 1,))


def priors_data(report: PriorReport) -> dict[str, Any]:
    """Return plain data for JSON."""
    return {
        "bundle": report.bundle,
        "bundle_fingerprint": report.fingerprint,
        "schema": report.schema,
        "seed": report.seed,
        "groups": {
            prior.group: {
                "controllers": len(prior.indices),
                "kept": int(prior.scale.size),
                "energy": [round(value, 6) for value in report.energies[prior.group]],
                "components": {f"{level:g}": components_for(prior, level) for level in LEVELS},
            }
            for prior in report.priors.groups
        },
    }


def write_prior_results(report: PriorReport, out: Path) -> Path:
    """Write `index.html` and `report.json`; return the page.

    Raises:
        InputError: something cannot be written.
    """
    write_whole(out / "report.json", (json_text(priors_data(report)) + "\n").encode())
    energies = report.energies
    places = range(max(map(len, energies.values())))
    curve = draw_curves(places, energies, "Reconstruction energy", "components", "energy")
    cards = [
        Card("Reconstruction energy", (Drawing(curve), *prior_tables(report)), "Fig. 6 (a) of the paper."),
        Card(
            "Random characters",
            (
                _row(report.constrained, "With the priors", "Coordinates are normal in each group's subspace."),
                _row(report.free, "Without", "Every controller is uniform in its range."),
            ),
            "Fig. 6 (b) and (c), drawn by the imitator; characters below one another have the same options.",
        ),
    ]
    page = out / "index.html"
    write_page(page, "Priors", {"bundle": report.label, "schema": report.schema, "seed": str(report.seed)}, cards)
    return page


def _row(pictures: Sequence[np.ndarray] | np.ndarray, title: str, text: str) -> PictureRow:
    return PictureRow([Picture(data_uri(picture), str(i + 1)) for i, picture in enumerate(pictures)], title, text)
