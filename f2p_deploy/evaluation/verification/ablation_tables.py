"""Table 8 with measured rows beside the paper's, as a table and a page."""

from collections.abc import Sequence
from pathlib import Path

from f2p_deploy.evaluation.verification.face_features import EMBEDDING
from f2p_deploy.evaluation.verification.measure_ablation import AblationResult, ablation_json
from f2p_deploy.evaluation.verification.published_accuracy import DATA_SETS, column_of
from f2p_deploy.evaluation.verification.verification_tables import accuracy_text
from f2p_deploy.report.page import Card, Table, write_page
from f2p_deploy.system.files import write_whole
from f2p_deploy.training.schedule import Schedule

#: Title of Table 8.
_TITLE = "Table 8: losses and residual attention"


def ablation_table(results: Sequence[AblationResult], schedule: Schedule) -> Table:
    """Return Table 8: for every row the measured accuracy, then the paper's figures."""
    columns = [*_sets(results), *(f"{name} (quoted)" for name in DATA_SETS.values())]
    rows = []
    for one, figures in zip(results, _measured(results), strict=False):
        marks = (one.row.content, one.row.identity, one.row.loopback, one.row.attention)
        rows.append((*("x" if mark else "" for mark in marks), *figures, *_quoted(one)))
    rows.append((EMBEDDING, "", "", "", *_measured(results)[-1], *[""] * len(DATA_SETS)))
    headers = ("content", "identity", "loopback", "attention", *columns)
    return Table(headers, rows, _TITLE, _explanation(results, schedule))


def ablation_tables(results: Sequence[AblationResult], schedule: Schedule) -> tuple[Table, Table]:
    """Return Table 8 in two narrow tables, whose rows have names: the measured and the quoted figures."""
    names = [one.row.name for one in results]
    measured = [(name, *figures) for name, figures in zip([*names, EMBEDDING], _measured(results), strict=True)]
    quoted = [(name, *_quoted(one)) for name, one in zip(names, results, strict=True)]
    return (
        Table(("", *_sets(results)), measured, f"{_TITLE}, measured", _explanation(results, schedule)),
        Table(("", *DATA_SETS.values()), quoted, f"{_TITLE}, the paper's figures", ""),
    )


def _sets(results: Sequence[AblationResult]) -> list[str]:
    return [column_of(one.pairs.name) for one in results[0].sets]


def _measured(results: Sequence[AblationResult]) -> list[list[str]]:
    """Return the accuracy on each set, row by row, and that of the recognition network at the end."""
    rows = [[accuracy_text(one.accuracy(i)) for i in range(len(one.sets))] for one in results]
    return [*rows, [accuracy_text(found.by_pca[EMBEDDING]) for found in results[0].sets]]


def _quoted(result: AblationResult) -> list[str]:
    return [f"{figure:.4f}" for figure in result.row.published]


def _explanation(results: Sequence[AblationResult], schedule: Schedule) -> str:
    others = [name for name in DATA_SETS.values() if name not in _sets(results)]
    text = (
        "Accuracy of face verification by one-shot characters, features normalised by PCA, with the standard "
        f"deviation over the folds. Each translator had {schedule.steps} updates of {schedule.batch} photos; the "
        "paper's, whose figures are quoted, had 20 epochs of CelebA. "
        + (f"Not measured: {', '.join(others)}." if others else "")
    )
    return text.strip()


def write_ablation(results: Sequence[AblationResult], schedule: Schedule, bundle: str, out: Path) -> Path:
    """Write `index.html` and `ablation.json`; return the page.

    Raises:
        InputError: something cannot be written.
    """
    write_whole(out / "ablation.json", ablation_json(results, schedule).encode())
    names = list(results[0].metrics)
    rows = [
        (one.row.name, *(f"{one.metrics[name]:.4f}" for name in names), f"{one.seconds:.0f}") for one in results
    ]
    training = Table(("", *names, "seconds"), rows, "Held-out photos, and time of training", "")
    page = out / "index.html"
    facts = {"bundle": bundle, "updates": str(schedule.steps), "batch": str(schedule.batch)}
    write_page(page, "Ablation", facts, [Card("Table 8", (ablation_table(results, schedule), training))])
    return page
