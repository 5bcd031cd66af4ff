"""The verification measurement in tables, as data and as CSV."""

import csv
import io
from typing import Any

from f2p_deploy.evaluation.verification.face_features import EMBEDDING
from f2p_deploy.evaluation.verification.fold_accuracy import KEPT_VARIANCE, FoldAccuracy, PcaSettings
from f2p_deploy.evaluation.verification.measure_verification import MeasuredPairs, VerificationReport
from f2p_deploy.evaluation.verification.published_accuracy import DATA_SETS, PUBLISHED, QUOTED, column_of
from f2p_deploy.report.page import Table
from f2p_deploy.system.names import cell

#: Names of the two ways to normalise features.
PLAIN, BY_PCA = "length", "PCA"


def verification_tables(report: VerificationReport) -> tuple[Table, ...]:
    """Return Table 6 with the measured rows, then a table for each set."""
    return (published_table(report), *(_set_table(one, report.pca) for one in report.sets))


def published_table(report: VerificationReport) -> Table:
    """Return Table 6: the paper's rows, quoted, and below them the measured ones, with PCA."""
    measured = {column_of(one.pairs.name): one for one in report.sets}
    columns = list(DATA_SETS.values()) + [name for name in measured if name not in DATA_SETS.values()]
    rows = [
        (f"{method} ({QUOTED.get(method, 'quoted')})", *_quoted(figures, len(columns)))
        for method, figures in PUBLISHED.items()
    ]
    for feature in report.features:
        figures = [accuracy_text(measured[name].by_pca[feature]) if name in measured else "" for name in columns]
        kind = f" ({report.recognition}), upper bound" if feature == EMBEDDING and report.recognition else ""
        rows.append((f"{report.bundle}, {feature}{kind}", *figures))
    text = (
        "Accuracy of face verification; measured rows with the standard deviation over the folds. Quoted rows are the "
        "paper's figures, on other networks and another game; 3DMM-CNN's is that of its authors. LightCNN-29v2 and the "
        "recognition network compare embeddings of the pictures themselves: upper bounds. Chance is 0.5. Sets to the "
        "right of Vggface2_FP are not in the paper."
    )
    title = "Table 6: verification accuracy, features normalised by PCA"
    return Table(("", *columns), rows, title, text, tuple(range(len(PUBLISHED), len(rows))))


def accuracy_text(found: FoldAccuracy) -> str:
    """Return mean and standard deviation: `0.8123 ± 0.0150`."""
    return f"{found.mean:.4f} ± {found.deviation:.4f}"


def pca_words(pca: PcaSettings) -> str:
    """Return the settings of PCA in words."""
    kept = f"{KEPT_VARIANCE:.0%} of the variance" if pca.components is None else f"{pca.components} components"
    return f"PCA of the training folds with {kept}{', whitened' if pca.whiten else ''}"


def verification_data(report: VerificationReport) -> dict[str, Any]:
    """Return plain data for JSON. Features are biometric data: they are not in it."""
    return {
        "bundle": report.bundle,
        "bundle_fingerprint": report.fingerprint,
        "runtime": report.runtime,
        "recognition": report.recognition,
        "alignment": report.alignment,
        "pca": {**vars(report.pca), "kept_variance": None if report.pca.components else KEPT_VARIANCE},
        "sets": {one.pairs.name: _set_data(one) for one in report.sets},
        "published": {
            method: dict(zip(DATA_SETS.values(), figures, strict=True)) for method, figures in PUBLISHED.items()
        },
    }


def verification_csv(report: VerificationReport) -> str:
    """Return the figures as CSV, one line for each set, feature and normalisation."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("set", "feature", "normalised_by", "accuracy", "deviation", "folds", "pairs", "left_out"))
    for one in report.sets:
        for normalised, results in ((PLAIN, one.plain), (BY_PCA, one.by_pca)):
            for feature, found in results.items():
                figures = (round(found.mean, 6), round(found.deviation, 6), len(found.accuracies))
                counts = (int(one.kept.sum()), one.left_out)
                writer.writerow([cell(value) for value in (one.pairs.name, feature, normalised, *figures, *counts)])
    return text.getvalue()


def _quoted(figures: tuple[float | None, ...], columns: int) -> list[str]:
    texts = ["" if figure is None else f"{figure:.4f}" for figure in figures]
    return texts + [""] * (columns - len(texts))


def _set_table(one: MeasuredPairs, pca: PcaSettings) -> Table:
    rows = []
    for feature, found in one.plain.items():
        by_pca = one.by_pca[feature]
        rows.append(
            (
                feature,
                accuracy_text(found),
                accuracy_text(by_pca),
                f"{by_pca.accuracies.min():.4f} to {by_pca.accuracies.max():.4f}",
                _span(by_pca.components),
                f"{by_pca.thresholds.mean():.2f}",
            )
        )
    kept = one.pairs.same[one.kept]
    text = (
        f"{len(kept)} pairs, {int(kept.sum())} of the same person; {_left_out(one)}. Features are divided by their "
        f"length, in the second column after {pca_words(pca)}. ±: standard deviation over {len(by_pca.accuracies)} "
        "folds."
    )
    headers = ("", "without PCA", "PCA", "folds", "components", "threshold")
    return Table(headers, rows, f"Accuracy on {one.pairs.name}", text)


def _left_out(one: MeasuredPairs) -> str:
    pairs, pictures = one.left_out, len(one.refused)
    left = "1 pair was left out" if pairs == 1 else f"{pairs} pairs were left out"
    if not pictures:
        return left
    return f"{left}: {'1 picture has' if pictures == 1 else f'{pictures} pictures have'} no usable face"


def _span(counts: Any) -> str:
    low, high = int(counts.min()), int(counts.max())
    return str(low) if low == high else f"{low} to {high}"


def _set_data(one: MeasuredPairs) -> dict[str, Any]:
    return {
        "pairs": {"asked": len(one.kept), "measured": int(one.kept.sum()), "left_out": one.left_out},
        "same": int(one.pairs.same[one.kept].sum()),
        "pictures": len(one.pairs.used),
        "features": {
            feature: {PLAIN: _found_data(found), BY_PCA: _found_data(one.by_pca[feature])}
            for feature, found in one.plain.items()
        },
        "refused": [vars(refused) for refused in one.refused],
    }


def _found_data(found: FoldAccuracy) -> dict[str, Any]:
    return {
        "accuracy": round(found.mean, 6),
        "deviation": round(found.deviation, 6),
        "folds": [round(float(value), 6) for value in found.accuracies],
        "thresholds": [round(float(value), 2) for value in found.thresholds],
        "components": [int(value) for value in found.components],
    }
