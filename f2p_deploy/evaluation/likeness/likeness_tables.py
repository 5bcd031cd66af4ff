"""The tables of the likeness measurement for sex and age, and for agreement with labels."""

from f2p_deploy.evaluation.bootstrap import Estimate
from f2p_deploy.evaluation.likeness.measure_likeness import LikenessReport
from f2p_deploy.report.page import Table


def age_sex_tables(report: LikenessReport) -> list[Table]:
    """Return the table of agreement in sex and age; no table without a judge of these."""
    rows = [
        (
            subject,
            _right(found.women_right),
            _right(found.men_right),
            _interval(found.age_correlation),
            _interval(found.age_spread),
            f"{found.photo_age:.0f}, {found.character_age:.0f}",
            f"{found.older:+.1f}",
        )
        for subject, found in report.age_sex.items()
    ]
    if not rows:
        return []
    first = next(iter(report.age_sex.values()))
    note = (
        f"{report.age_sex_judge} judges both photos and the engine's pictures, and classifies {first.women} people as "
        f"women and {first.men} as men. women, men: share of these whose character is classified the same. ages: "
        "correlation. spread: standard deviation of the characters' ages / that of the photos'. medians: ages of "
        "photos and characters in years. older: mean age of characters - mean age of photos. 95 % confidence intervals "
        "in brackets."
    )
    return [Table(("", "women", "men", "ages", "spread", "medians", "older"), rows, "Sex and age", note)]


def label_tables(report: LikenessReport) -> list[Table]:
    """Return the tables of agreement with labels; no table without labels of these photos."""
    if not report.against_labels:
        return []
    subjects = list(report.against_labels)
    first = report.against_labels[subjects[0]]
    groups = [
        (
            name,
            str(group.known),
            f"{group.commonest_of_photos[0]} {group.commonest_of_photos[1]:.0%}",
            *(_group(report, subject, name) for subject in subjects),
        )
        for name, group in first.groups.items()
    ]
    parts = [
        (f"{name}, {word}", str(known), *(_presence(report, subject, name, there) for subject in subjects))
        for name, presence in first.presence.items()
        for word, known, there in (
            (f"not {presence.absent}", presence.known_with, True),
            (presence.absent, presence.known_without, False),
        )
    ]
    correlated = dict.fromkeys(name for subject in subjects for name in report.against_labels[subject].sliders)
    sliders = [
        (
            f"{name}, correlation",
            str(first.known_sliders[name]),
            *(_slider(report, subject, name) for subject in subjects),
        )
        for name in correlated
    ]
    note = (
        f"{first.people} people are in the table of labels. Each cell has the share of characters with the photo's "
        "option, then the most frequent option among the characters with its share. If nearly all characters have the "
        "same option, agreement only reflects how common that option is."
    )
    tables = [Table(("", "known", "commonest of photos", *subjects), groups, "Options against labels", note)]
    if parts or sliders:
        text = "Share of the people with the feature, or without it, whose character agrees; sliders: correlation."
        tables.append(Table(("", "known", *subjects), [*parts, *sliders], "Bald, bearded, and sliders", text))
    return tables


def _group(report: LikenessReport, subject: str, name: str) -> str:
    group = report.against_labels[subject].groups[name]
    option, share = group.commonest_of_characters
    return f"{group.right:.0%}; {option} {share:.0%}"


def _presence(report: LikenessReport, subject: str, name: str, there: bool) -> str:
    presence = report.against_labels[subject].presence[name]
    share = presence.right_with if there else presence.right_without
    return "" if share is None else f"{share:.0%}"


def _slider(report: LikenessReport, subject: str, name: str) -> str:
    correlation = report.against_labels[subject].sliders.get(name)
    return "" if correlation is None else f"{correlation:.2f}"


def _right(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    return f"{estimate.value:.0%} ({estimate.low * 100:.0f} to {estimate.high * 100:.0f})"


def _interval(estimate: Estimate) -> str:
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"
