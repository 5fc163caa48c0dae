"""Log-odds ratios of words in two groups of texts, with an informative Dirichlet prior.

Monroe, Colaresi & Quinn (2008), "Fightin' Words", Political Analysis 16, section 3. Of a word that counts y in a
group with n counts of all words, with a prior of a such counts out of A:

    log-odds  l_i = log((y_i + a) / (n_i + A - y_i - a));   ratio = l_i - l_j;   variance = 1/(y_i + a) + 1/(y_j + a)

The prior is the word's share of all groups' counts, worth a tenth of the smaller group's counts: a word of which little
is known is drawn to "no difference", and at the frequencies compared here a ratio shrinks by about a tenth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from statistics import NormalDist
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from pipeline.fairness._training import roots
from pipeline.language.words import Chinese, words
from pipeline.types import Json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PRIOR = 0.1  # of the smaller group's counts
EXPECTED = 5.0  # of a word in either group, if it went with none: below, the normal interval does not hold
POWER = 0.8  # chance that an association of the size to be detected is found


@dataclass(frozen=True, slots=True)
class Words:
    """Words of two groups: counts in each, log-odds ratio `first` to `second`, and z; all of one length."""

    first: str
    second: str
    words: Sequence[str]
    counts: NDArray[np.float64]
    ratio: NDArray[np.float64]
    z: NDArray[np.float64]

    def associated(self, odds: float, tests: int) -> NDArray[np.bool_]:
        """Whether the interval of the ratio, at 0.05 / tests, lies beyond the odds ratio `odds` on either side."""
        import numpy as np

        error = np.divide(np.abs(self.ratio), np.abs(self.z), out=np.zeros_like(self.z), where=self.z != 0)
        return np.abs(self.ratio) - reach(tests) * error > log(odds)

    def evidence(self, odds: float, tests: int, shown: int) -> dict[str, Json]:
        """How many are associated, and the `shown` words of each group with the largest z."""
        order = sorted(range(len(self.words)), key=lambda n: (-self.z[n], self.words[n]))
        top = {self.first: order[:shown], self.second: order[: -shown - 1 : -1]}
        sign = {self.first: 1, self.second: -1}
        return {
            "groups": [self.first, self.second],
            "words": len(self.words),
            "associated": int(self.associated(odds, tests).sum()),
            "largest_z": round(float(max(abs(self.z), default=0.0)), 2),
            "top": {group: [self._shown(n) for n in at if sign[group] * self.z[n] > 0] for group, at in top.items()},
        }

    def _shown(self, n: int) -> dict[str, Json]:
        first, second = (int(count) for count in self.counts[n])
        z, ratio = round(float(self.z[n]), 2), round(float(self.ratio[n]), 3)
        return {"word": self.words[n], "z": z, "log_odds": ratio, "counts": [first, second]}


def word_counts(documents: pa.Table, groups: pl.Series, known: Sequence[str], chinese: Chinese) -> pl.DataFrame:
    """A row a word, lower-case: how many root documents of each known group have it, and of all (`roots`)."""
    texts = pl.DataFrame(
        {"text": _outside_spans(documents), "language": documents["language"].to_pylist(), "group": groups,
         "unit": roots(documents)}
    ).filter(pl.col("group").is_in(list(known)))  # fmt: skip
    parts = [
        part.select("group", "unit", word=words(part["text"].str.to_lowercase(), str(language), chinese))
        for (language,), part in texts.group_by("language", maintain_order=True)
    ]
    once = pl.concat(parts).explode("word").drop_nulls("word").unique()
    counts = once.group_by("word").agg(
        *((pl.col("group") == group).sum().cast(pl.Float64).alias(group) for group in known),
        roots=pl.col("unit").n_unique(),
    )
    return counts.sort("word")


def compared(counts: pl.DataFrame, frequent: pl.DataFrame, first: str, second: str, error: float) -> Words:
    """The words of `frequent` that are expected often enough in both groups, compared. `counts` has all words.

    Often enough: were a word as frequent in both, its ratio would have a standard error of at most `error`.
    """
    import numpy as np

    groups = [name for name in counts.columns if name not in ("word", "roots")]
    sizes = np.array([counts[first].sum(), counts[second].sum()])
    pair = frequent.select(first, second).to_numpy()
    expected = np.outer(pair.sum(axis=1), sizes) / max(1.0, sizes.sum())
    often = (expected.min(axis=1) >= EXPECTED) & ((1 / np.maximum(expected, 1e-9)).sum(axis=1) <= error * error)
    background = frequent.select(pl.sum_horizontal(groups)).to_series().to_numpy()[often]
    prior = PRIOR * sizes.min() * background / counts.select(pl.sum_horizontal(groups)).to_series().sum()
    y, a, total = pair[often], prior[:, None], sizes + PRIOR * sizes.min()
    odds = np.log((y + a) / (total - y - a))
    ratio = odds[:, 0] - odds[:, 1]
    z = ratio / np.sqrt((1 / (y + a)).sum(axis=1))
    return Words(first, second, frequent.filter(often)["word"].to_list(), y, ratio, z)


def reach(tests: int) -> float:
    """Standard errors that an interval of 95 % over `tests` tests together goes to either side (Bonferroni)."""
    return NormalDist().inv_cdf(1 - 0.025 / max(1, tests))


def largest_error(odds: float, detects: float, tests: int) -> float:
    """The largest standard error with which a ratio of `detects` is found to lie beyond `odds` four times of five."""
    return log(detects / odds) / (reach(tests) + NormalDist().inv_cdf(POWER))


def _outside_spans(documents: pa.Table) -> list[str]:
    """The texts with spaces where annotated mentions stand."""
    texts: list[str] = documents["text"].to_pylist()
    for row, spans in enumerate(documents["spans"].to_pylist()):
        for span in spans or ():
            a, b = span["start"], span["end"]
            texts[row] = f"{texts[row][:a]}{' ' * (b - a)}{texts[row][b:]}"
    return texts
