"""Precision, recall, F1 and bootstrap intervals from counts. numpy only, imported by the functions that need it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.types import Json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES = 1000
_AT_ONCE = 50  # draws in memory as floats
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


class Draws:
    """RESAMPLES bootstrap draws of whole groups of documents, made once for everything that is counted on them.

    Groups, not documents, are drawn with replacement, because documents of one group are not independent (cluster
    bootstrap; Efron & Tibshirani 1993, ch. 8). Fixed seed: the same groups give the same draws, so that two sets of
    predictions of one test are compared draw by draw.
    """

    def __init__(self, groups: Sequence[str]) -> None:
        import numpy as np

        names = {name: i for i, name in enumerate(dict.fromkeys(groups))}
        self.documents, size = len(groups), len(names)
        self._member = np.array([names[g] for g in groups], np.int64)
        self._times = np.zeros((RESAMPLES, size), np.uint16)  # how often a draw holds a group
        rng = np.random.default_rng(SEED)
        for at in range(0, RESAMPLES if size else 0, _AT_ONCE):
            drawn = rng.integers(0, size, (_AT_ONCE, size)) + np.arange(_AT_ONCE)[:, None] * size
            times = np.bincount(drawn.ravel(), minlength=_AT_ONCE * size)
            self._times[at : at + _AT_ONCE] = times.reshape(_AT_ONCE, size)

    def sums(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums of `counts` (documents, ...) over the documents of every draw: (RESAMPLES, ...)."""
        import numpy as np

        flat = counts.reshape(self.documents, math.prod(counts.shape[1:]))
        by_group = np.zeros((self._times.shape[1], flat.shape[1]))
        np.add.at(by_group, self._member, flat)
        parts = [self._times[at : at + _AT_ONCE].astype(np.float64) @ by_group for at in range(0, RESAMPLES, _AT_ONCE)]
        return np.concatenate(parts).reshape(RESAMPLES, *counts.shape[1:])


def resampled(counts: NDArray[np.float64], groups: Sequence[str]) -> NDArray[np.float64]:
    """Sums of `counts` (documents, ...) over RESAMPLES bootstrap draws of whole groups: (RESAMPLES, ...)."""
    return Draws(groups).sums(counts)


def paired(first: NDArray[np.float64], second: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """(difference, low, high, p) of `second` less `first`: one metric of two predictions on the same draws.

    The difference is the mean over draws, low and high are the 2.5 % and 97.5 % percentiles. p is two-sided: twice the
    smaller share of draws on one side of 0, a draw of 0 counting on both, with one added to both counts so that it is
    never 0 (Davison & Hinkley 1997, ch. 4). Where the interval excludes 0, p is about 0.05 or less.
    """
    import numpy as np

    each = second - first
    low, high = interval(each)
    least = min(int(np.sum(each <= 0)), int(np.sum(each >= 0)))
    return float(each.mean()), low, high, min(1.0, 2 * (1 + least) / (len(each) + 1))


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """The 2.5 % and 97.5 % percentiles of bootstrap values."""
    import numpy as np

    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def with_interval(name: str, value: float, drawn: NDArray[np.float64]) -> dict[str, float]:
    """A metric with its `_low` and `_high`."""
    low, high = interval(drawn)
    return {name: float(value), f"{name}_low": low, f"{name}_high": high}


def label_rows(
    labels: Sequence[str], counts: NDArray[np.float64], draws: NDArray[np.float64], column: str = "label"
) -> Rows:
    """One row a label: P, R, F1, each with its interval, and support. Shapes (labels, 3) and (RESAMPLES, labels, 3)."""
    names = ("precision", "recall", "f1")
    point, drawn = precision_recall_f1(counts), precision_recall_f1(draws)
    rows: Rows = []
    for i, label in enumerate(labels):
        row: dict[str, Json] = {column: label}
        for name, value, values in zip(names, point, drawn, strict=True):
            row |= with_interval(name, value[i], values[:, i])
        rows.append(row | {"support": int(counts[i, 2])})
    return rows


def share_rows(
    names: Sequence[str], counts: NDArray[np.float64], draws: NDArray[np.float64], column: str, value: str
) -> Rows:
    """One row a name: the share of what is right with its interval, and support. Last axis of counts: (right, all)."""
    shares, drawn = (_ratio(c[..., 0], c[..., 1]) for c in (counts, draws))
    return [
        {column: name, **with_interval(value, shares[i], drawn[:, i]), "support": int(counts[i, 1])}
        for i, name in enumerate(names)
    ]


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
