"""The likeness measurement in tables, as data, and as a page with every face, the least alike first."""

import json
from pathlib import Path
from typing import Any

from f2p_deploy.evaluation.bootstrap import Estimate
from f2p_deploy.evaluation.likeness.likeness_tables import age_sex_tables, label_tables
from f2p_deploy.evaluation.likeness.measure_likeness import LikenessReport, Person
from f2p_deploy.report.page import Card, Picture, PictureRow, Table, data_uri, write_page
from f2p_deploy.system.files import write_whole

#: Edge of a face on the page in pixels.
_EDGE = 128


def likeness_report_tables(report: LikenessReport) -> tuple[Table, ...]:
    """Return the figures as tables, for the page and the terminal alike."""
    rows = []
    for subject, found in report.identification.items():
        skin = report.skin.get(subject)
        rows.append(
            (
                subject,
                _percent(found.rank_1),
                _percent(found.rank_5),
                f"{found.median_rank.value:g}",
                f"{found.auc.value:.3f} ({found.auc.low:.3f} to {found.auc.high:.3f})",
                f"{found.characters:.2f}",
                f"{skin.ita:.2f}" if skin else "",
                f"{report.at_end(subject):.1%}",
            )
        )
    first = next(iter(report.identification.values()))
    who = Table(
        ("", "rank-1", "rank-5", "median", "AUC", "alike", "skin", "at end"),
        rows,
        f"Whose character is it? {first.people} people, judged by {report.judge}",
        f"Chance: {1 / first.people:.1%}, {5 / first.people:.1%}, {(first.people + 1) / 2:g}, 0.5. alike: mean "
        f"cosine among characters (photos: {first.photos:.2f}). skin: rank correlation of the cheeks' typology angle. "
        "at end: controllers at an end of their range. 95 % intervals by bootstrap over people.",
    )
    chosen = [
        (group, *("; ".join(f"{option} {share:.0%}" for option, share in list(parts.items())[:3]) for parts in each))
        for group, each in _options(report).items()
    ]
    skins = [
        (subject, f"{skin.lightness:.2f}", f"{skin.difference:.1f}", *(f"{third:.1f}" for third in skin.thirds))
        for subject, skin in report.skin.items()
    ]
    every = [who, *age_sex_tables(report), *label_tables(report)]
    if skins:
        note = "lightness: rank correlation of CIE L*. The others: median CIEDE2000 of the cheeks, by thirds of photos."
        every.append(Table(("", "lightness", "all", "darkest", "middle", "lightest"), skins, "Skin", note))
    if chosen:
        note = "The three most frequent of each group among characters; likeness.json has all."
        every.append(Table(("", *report.subjects), chosen, "Options", note))
    return tuple(every)


def likeness_as_data(report: LikenessReport) -> dict[str, Any]:
    """Return plain data for JSON. Descriptors are biometric data: they are not in it."""
    return {
        "bundle": report.bundle,
        "bundle_fingerprint": report.fingerprint,
        "judge": report.judge,
        "engine": report.engine,
        "age_sex_judge": report.age_sex_judge or None,
        "only": report.only,
        "photos": {"asked": report.total, "measured": len(report.people), "refused": len(report.refused)},
        "complete": report.complete,
        "subjects": {
            subject: {
                **{name: _estimate(getattr(found, name)) for name in ("rank_1", "rank_5", "median_rank", "auc", "own")},
                "others": round(found.others, 4),
                "alike_among_characters": round(found.characters, 4),
                "alike_among_photos": round(found.photos, 4),
                "skin": vars(report.skin[subject]) if subject in report.skin else None,
                "options": report.options(subject),
                "age_sex": _age_sex(report, subject),
                "labels": _labels(report, subject),
                "at_end": round(report.at_end(subject), 4),
                "no_face_found": report.without_face(subject),
            }
            for subject, found in report.identification.items()
        },
        "results": [
            {
                "photo": person.name,
                "ranks": {subject: int(found.ranks[i]) for subject, found in report.identification.items()},
            }
            for i, person in enumerate(report.people)
        ],
        "refused": [{"photo": one.name, "reason": one.reason, "message": one.message} for one in report.refused],
    }


def _age_sex(report: LikenessReport, subject: str) -> dict[str, Any] | None:
    figures = report.age_sex.get(subject)
    if figures is None:
        return None
    return {name: _figure(value) for name, value in vars(figures).items()}


def _figure(value: Estimate | float | int | None) -> Any:
    if isinstance(value, Estimate):
        return _estimate(value)
    return round(value, 4) if isinstance(value, float) else value


def _labels(report: LikenessReport, subject: str) -> dict[str, Any] | None:
    figures = report.against_labels.get(subject)
    if figures is None:
        return None
    return {
        "people": figures.people,
        "groups": {
            name: {
                "known": group.known,
                "right": round(group.right, 4),
                "options_of_photos": group.options_of_photos,
                "options_of_characters": group.options_of_characters,
                "commonest_of_photos": _share(group.commonest_of_photos),
                "commonest_of_characters": _share(group.commonest_of_characters),
            }
            for name, group in figures.groups.items()
        },
        "presence": {name: vars(presence) for name, presence in figures.presence.items()},
        "sliders": {name: round(value, 4) for name, value in figures.sliders.items()},
    }


def _share(commonest: tuple[str, float]) -> dict[str, Any]:
    return {"option": commonest[0], "share": round(commonest[1], 4)}


def write_likeness_results(report: LikenessReport, out: Path) -> Path:
    """Write `index.html` and `likeness.json`; return the page.

    Raises:
        InputError: something cannot be written.
    """
    text = json.dumps(likeness_as_data(report), indent=2, ensure_ascii=False) + "\n"
    write_whole(out / "likeness.json", text.encode())
    page = out / "index.html"
    best = report.subjects[0]
    ranks = report.identification[best].ranks
    order = sorted(range(len(report.people)), key=lambda i: (-int(ranks[i]), report.people[i].name))
    rows = [_row(report.people[i], i, report) for i in order]
    results = Card("Results", likeness_report_tables(report))
    cards = [results, Card("Every face", rows, f"The least alike by {best} first.")]
    facts = {"bundle": report.label, "judge": report.judge, "people": str(len(report.people)), "split": report.only}
    facts["drawn by"] = report.engine
    note = "Pictures named imitator are the imitator's, all others the engine's."
    write_page(page, "Likeness", facts, cards, (note,))
    return page


def _row(person: Person, position: int, report: LikenessReport) -> PictureRow:
    pictures = [Picture(data_uri(person.face, _EDGE), "photo")]
    for subject in report.subjects:
        rank = int(report.identification[subject].ranks[position])
        pictures.append(Picture(data_uri(person.characters[subject].picture, _EDGE), subject, f"rank {rank}"))
    return PictureRow(pictures, person.name, small=True)


def _options(report: LikenessReport) -> dict[str, list[dict[str, float]]]:
    """Return the shares of options by group, one table a subject."""
    each = [report.options(subject) for subject in report.subjects]
    return {group: [shares[group] for shares in each] for group in each[0]}


def _percent(estimate: Estimate) -> str:
    return f"{estimate.value:.0%} ({estimate.low * 100:.0f} to {estimate.high * 100:.0f})"


def _estimate(estimate: Estimate) -> dict[str, float]:
    return {name: round(getattr(estimate, name), 4) for name in ("value", "low", "high")}
