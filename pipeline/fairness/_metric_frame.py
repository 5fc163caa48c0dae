"""The only place that knows Fairlearn (0.15): recall by group and label, and signed gaps with their intervals.

Fairlearn's own `difference()` is not used: it is the largest minus the smallest over all groups, `unknown` included, so
it is never below 0 and its interval never holds 0. Here a gap has a sign and two named, known groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

import polars as pl

from pipeline.fairness._groups import UNKNOWN, document_groups, mentions, span_rows
from pipeline.fairness._predictions import aligned
from pipeline.fairness._training import roots
from pipeline.frames import Frame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DRAWS = 2000
SEED = 13
_WEIGHTS = 4_000_000  # numbers of one block of draws: 32 MB


@dataclass(frozen=True, slots=True)
class Cell:
    """Recall (0 to 1) over the `count` gold examples with one label in one group."""

    label: str
    group: str
    recall: float
    count: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Recall of `first` minus recall of `second` among examples with one label; `low` and `high` bound it at 95 %."""

    label: str
    first: str
    second: str
    gap: float
    low: float
    high: float

    @property
    def least(self) -> float:
        """The lower bound of the gap's size: 0 where the interval holds 0."""
        return max(self.low, -self.high, 0.0)

    @property
    def most(self) -> float:
        """The upper bound of the gap's size."""
        return max(-self.low, self.high)


def examples(frame: Frame, by: str) -> pl.DataFrame:
    """One row a gold example: `label`, `group`, `hit` (0 or 1) and `unit`, the root document to draw by.

    With predicted `spans` an example is a gold mention, hit by a prediction with its start, end and label; with a
    predicted `label` it is a document.

    Raises:
        InvalidDocument: the predictions are not one row a document in the same order.
    """
    documents, predictions = aligned(frame)
    unit = roots(documents)
    if "spans" in predictions.column_names:
        found = span_rows(predictions["spans"]).unique().with_columns(hit=pl.lit(1, pl.Int64))
        gold = mentions(documents, by).join(found, on=["row", "start", "end", "label"], how="left")
        gold = gold.with_columns(pl.col("hit").fill_null(0), unit=unit.gather(gold["row"]))
        return gold.select("label", "group", "hit", "unit")
    both = {"label": documents["label"].to_pylist(), "found": predictions["label"].to_pylist()}
    gold = pl.DataFrame(both, schema={"label": pl.String, "found": pl.String}).with_columns(
        group=document_groups(documents, by), unit=unit
    )
    hit = pl.col("label").eq_missing(pl.col("found")).cast(pl.Int64)
    return gold.filter(pl.col("label").is_not_null()).select("label", "group", "unit", hit=hit)


def cells(gold: pl.DataFrame) -> list[Cell]:
    """Recall and support of every label in every group, `unknown` included. `gold` is what `examples` gives."""
    if gold.height == 0:
        return []
    from fairlearn.metrics import MetricFrame, count
    from sklearn.metrics import recall_score

    table = MetricFrame(
        metrics={"recall": recall_score, "count": count},
        y_true=[1] * gold.height,
        y_pred=gold["hit"].to_list(),
        sensitive_features={"group": gold["group"].to_list()},
        control_features={"label": gold["label"].to_list()},
    ).by_group
    rows = [(*key, row["recall"], row["count"]) for key, row in table.iterrows()]
    # a pair that does not occur is a row of NaN
    return [Cell(str(label), str(group), float(r), int(n)) for label, group, r, n in rows if n > 0]


def gaps(gold: pl.DataFrame, found: Sequence[Cell], min_support: int) -> list[Gap]:
    """The gap of every pair of known groups within every label, where both have `min_support` examples.

    The interval is the wider one, at each end, of two: percentiles of a bootstrap over root documents (mentions of one
    document are not independent; Efron & Tibshirani 1993, ch. 13) and Newcombe's (1998, method 10), which does not
    shrink to nothing where a group is hit always or never. With m pairs each is at 1 - 0.05 / m (Bonferroni), so that
    all hold together at 95 %. Fixed seed: the same predictions give the same interval.
    """
    large = [c for c in found if c.group != UNKNOWN and c.count >= min_support]
    pairs = [(a, b) for a, b in combinations(large, 2) if a.label == b.label]
    if not pairs:
        return []
    level = 0.05 / len(pairs)
    draws = _recalls(gold, large)
    at = {(c.label, c.group): n for n, c in enumerate(large)}
    made = []
    for a, b in pairs:
        low, high = _newcombe(a, b, level)
        drawn = draws[:, at[a.label, a.group]] - draws[:, at[b.label, b.group]]
        drawn_low, drawn_high = percentiles(drawn, level)
        gap = a.recall - b.recall
        made.append(Gap(a.label, a.group, b.group, gap, min(low, drawn_low), max(high, drawn_high)))
    return made


def _recalls(gold: pl.DataFrame, large: Sequence[Cell]) -> NDArray[np.float64]:
    """The recall of each cell in each draw, (DRAWS, cells); NaN where a draw holds no example of the cell."""
    import numpy as np

    order = pl.DataFrame({"label": [c.label for c in large], "group": [c.group for c in large]}).with_row_index("cell")
    rows = gold.join(order, on=["label", "group"]).with_columns(number=pl.col("unit").rank("dense") - 1)
    where = (rows["number"].to_numpy().astype(np.int64), rows["cell"].to_numpy().astype(np.int64))
    hits, counts = np.zeros((2, int(rows["number"].n_unique()), len(large)))
    np.add.at(hits, where, rows["hit"].to_numpy())
    np.add.at(counts, where, 1)
    return _ratios(hits, counts)


def drawn_means(units: NDArray[np.int64], columns: Sequence[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """For each column of values the mean of every draw of units (numbers from 0), each of shape (DRAWS,)."""
    import numpy as np

    size = int(units.max()) + 1
    sums = np.stack([np.bincount(units, weights=values, minlength=size) for values in columns], axis=1).astype(
        np.float64
    )
    counts = np.repeat(np.bincount(units, minlength=size)[:, None].astype(np.float64), len(columns), axis=1)
    return list(_ratios(sums, counts).T)


def _ratios(sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over counts, (units, columns), of every draw of units: (DRAWS, columns); NaN where nothing was drawn."""
    import numpy as np

    blocks = []
    for weights in _drawn(len(sums)):
        drawn = weights @ counts
        blocks.append(np.divide(weights @ sums, drawn, out=np.full_like(drawn, np.nan), where=drawn > 0))
    return np.concatenate(blocks)


def _drawn(units: int) -> Iterator[NDArray[np.float64]]:
    """How often each unit is drawn, (draws, units) block by block, DRAWS draws in all."""
    step = max(1, _WEIGHTS // units)
    if step >= DRAWS:
        yield _at_once(units)
        return
    rng = _generator()
    for at in range(0, DRAWS, step):
        yield _weights(rng, units, min(step, DRAWS - at))


@lru_cache(maxsize=1)
def _at_once(units: int) -> NDArray[np.float64]:
    """All draws where they fit into one block: they are the same for every gate that has so many units."""
    return _weights(_generator(), units, DRAWS)


def _generator() -> np.random.Generator:
    import numpy as np

    return np.random.default_rng(SEED)


def _weights(rng: np.random.Generator, units: int, draws: int) -> NDArray[np.float64]:
    import numpy as np

    return rng.multinomial(units, np.full(units, 1 / units), size=draws).astype(np.float64)


def percentiles(values: NDArray[np.float64], level: float) -> tuple[float, float]:
    """The ends of an interval that holds the share 1 - `level` of the values."""
    import numpy as np

    low, high = np.nanpercentile(values, [50 * level, 100 - 50 * level])
    return float(low), float(high)


def _newcombe(a: Cell, b: Cell, level: float) -> tuple[float, float]:
    (low_a, high_a), (low_b, high_b) = wilson(a, level), wilson(b, level)
    gap = a.recall - b.recall
    below = sqrt((a.recall - low_a) ** 2 + (high_b - b.recall) ** 2)
    above = sqrt((high_a - a.recall) ** 2 + (b.recall - low_b) ** 2)
    return gap - below, gap + above


def wilson(cell: Cell, level: float) -> tuple[float, float]:
    """Wilson's (1927) score interval of one share."""
    z, n, p = NormalDist().inv_cdf(1 - level / 2), cell.count, cell.recall
    middle, half = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
