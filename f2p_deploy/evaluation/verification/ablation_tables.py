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


def ablation_table(results: Sequence[AblationResult], schedule: Schedule) -> Table:
    """Return Table 8: for every row the measured accuracy, then the paper's figures."""
    sets = [column_of(one.pairs.name) for one in results[0].sets]
    others = [name for name in DATA_SETS.values() if name not in sets]
    columns = [*sets, *(f"{name} (quoted)" for name in DATA_SETS.values())]
    rows = []
    for one in results:
        marks = (one.row.content, one.row.identity, one.row.loopback, one.row.attention)
        figures = [accuracy_text(one.accuracy(i)) for i in range(len(sets))]
        quoted = [f"{figure:.4f}" for figure in one.row.published]
        rows.append((*("x" if mark else "" for mark in marks), *figures, *quoted))
    bound = [accuracy_text(found.by_pca[EMBEDDING]) for found in results[0].sets]
    rows.append(("recognition network", "", "", "", *bound, *[""] * len(DATA_SETS)))
    text = (
        "Accuracy of face verification by one-shot characters, features normalised by PCA, with the standard "
        f"deviation over the folds. Each translator had {schedule.steps} updates of {schedule.batch} photos; the "
        "paper's, whose figures are quoted, had 20 epochs of CelebA. "
        + (f"Not measured: {', '.join(others)}." if others else "")
    )
    headers = ("content", "identity", "loopback", "attention", *columns)
    return Table(headers, rows, "Table 8: losses and residual attention", text.strip())


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
