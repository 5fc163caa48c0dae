"""Precision, recall, F1 and bootstrap intervals from counts. numpy only, imported by the functions that need it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.types import Json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES = 1000
SEED = 13
Rows = list[Mapping[str, Json]]


def precision_recall_f1(counts: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """P, R and F1 of counts whose last axis is (true positives, predicted, gold); 0 where nothing was to be counted.

    F1 = 2 tp / (predicted + gold), the harmonic mean of P and R (van Rijsbergen 1979).
    """
    tp, predicted, gold = counts[..., 0], counts[..., 1], counts[..., 2]
    return _ratio(tp, predicted), _ratio(tp, gold), _ratio(2 * tp, predicted + gold)


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    return np.divide(above, below, out=np.zeros_like(above, dtype=np.float64), where=below > 0)


def resampled(counts: NDArray[np.float64], groups: Sequence[str]) -> NDArray[np.float64]:
    """Sums of `counts` (documents, ...) over RESAMPLES bootstrap draws of whole groups: (RESAMPLES, ...).

    Groups, not documents, are drawn with replacement, because documents of one group are not independent (cluster
    bootstrap; Efron & Tibshirani 1993, ch. 8). Fixed seed: the same predictions give the same interval.
    """
    import numpy as np

    names = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    member = np.array([names[g] for g in groups], np.int64)
    flat = counts.reshape(len(counts), -1)
    by_group = np.zeros((len(names), flat.shape[1]))
    np.add.at(by_group, member, flat)
    size = len(names)
    draws = np.random.default_rng(SEED).multinomial(size, np.full(size, 1 / size), size=RESAMPLES)
    drawn: NDArray[np.float64] = (draws.astype(np.float64) @ by_group).reshape(RESAMPLES, *counts.shape[1:])
    return drawn


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """The 2.5 % and 97.5 % percentiles of bootstrap values."""
    import numpy as np

    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def label_rows(labels: Sequence[str], counts: NDArray[np.float64], draws: NDArray[np.float64]) -> Rows:
    """One row a label: P, R, F1, each with its interval, and support. Shapes (labels, 3) and (RESAMPLES, labels, 3)."""
    names = ("precision", "recall", "f1")
    point, drawn = precision_recall_f1(counts), precision_recall_f1(draws)
    rows: Rows = []
    for i, label in enumerate(labels):
        row: dict[str, Json] = {"label": label}
        for name, value, values in zip(names, point, drawn, strict=True):
            low, high = interval(values[:, i])
            row |= {name: float(value[i]), f"{name}_low": low, f"{name}_high": high}
        rows.append(row | {"support": int(counts[i, 2])})
    return rows


def report(names: Sequence[str], confusion: NDArray[np.int64]) -> Rows:
    """The rows of scikit-learn's classification_report, from a confusion matrix (gold, predicted).

    The micro row is always there, over all classes: with one class a unit its P, R and F1 are the accuracy.
    scikit-learn prints `accuracy` instead when all classes are present, which hides the row the literature quotes.
    """
    import numpy as np

    hits, support = np.diag(confusion).astype(np.float64), confusion.sum(1)
    counts = np.stack([hits, confusion.sum(0), support], axis=-1).astype(np.float64)
    each = np.stack(precision_recall_f1(counts), axis=-1)
    micro = np.stack(precision_recall_f1(counts.sum(0)), axis=-1)
    total = int(support.sum())
    weighted = (each * support[:, None]).sum(0) / total if total else np.zeros(3)
    rows: Rows = [_row(name, each[i], int(support[i])) for i, name in enumerate(names)]
    return [
        *rows,
        _row("micro avg", micro, total),
        _row("macro avg", each.mean(0), total),
        _row("weighted avg", weighted, total),
    ]


def _row(name: str, values: NDArray[np.float64], support: int) -> dict[str, Json]:
    precision, recall, f1 = (float(v) for v in values)
    return {"tag": name, "precision": precision, "recall": recall, "f1": f1, "support": support}
