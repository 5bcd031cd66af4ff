"""The likeness measurement's tables of sex and age, and of characters against people's own words."""

from f2p_deploy.evaluation.bootstrap import Estimate
from f2p_deploy.evaluation.likeness.measure_likeness import LikenessReport
from f2p_deploy.report.page import Table


def age_sex_tables(report: LikenessReport) -> list[Table]:
    """Return how characters are taken for the photos' sex and age; nothing without a judge of these."""
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
        f"{report.age_sex_judge} looks at photos and at the engine's pictures alike; {first.women} people are women to "
        f"it and {first.men} are men. women, men: share of them whose character it takes for the same. ages: "
        "correlation. spread: standard deviation of characters' ages over that of the photos'. medians: of photos and "
        "characters, in years; older: how much older characters are read, on average. 95 % intervals in brackets."
    )
    return [Table(("", "women", "men", "ages", "spread", "medians", "older"), rows, "Sex and age", note)]


def label_tables(report: LikenessReport) -> list[Table]:
    """Return how options agree with what people said of the photos; nothing without labels of them."""
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
    sliders = [
        (f"{name}, correlation", str(first.people), *(_slider(report, subject, name) for subject in subjects))
        for name in first.sliders
    ]
    note = (
        f"{first.people} people whom the table of labels names. Share of characters that have the photo's option, then "
        "the most frequent option among these photos and among their characters: where nearly everybody gets the same, "
        "it is right only by what is common."
    )
    found = [Table(("", "known", "commonest of photos", *subjects), groups, "Options against labels", note)]
    if parts or sliders:
        there = "Share of those that have it, or have not, whose character is the same."
        found.append(Table(("", "known", *subjects), [*parts, *sliders], "Bald, bearded, and sliders", there))
    return found


def _group(report: LikenessReport, subject: str, name: str) -> str:
    group = report.against_labels[subject].groups[name]
    option, share = group.commonest_of_characters
    return f"{group.right:.0%}; {option} {share:.0%}"


def _presence(report: LikenessReport, subject: str, name: str, there: bool) -> str:
    presence = report.against_labels[subject].presence[name]
    share = presence.right_with if there else presence.right_without
    return "" if share is None else f"{share:.0%}"


def _slider(report: LikenessReport, subject: str, name: str) -> str:
    found = report.against_labels[subject].sliders.get(name)
    return "" if found is None else f"{found:.2f}"


def _right(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    return f"{estimate.value:.0%} ({estimate.low * 100:.0f} to {estimate.high * 100:.0f})"


def _interval(estimate: Estimate) -> str:
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"
