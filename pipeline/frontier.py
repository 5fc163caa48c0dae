"""Variants against each other: what each scores and costs, which differences are real, and which is released.

A variant is chosen by its validation predictions; the test scores are reported and choose nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.recipe import BASE_VARIANT
from pipeline.types import Json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COSTS = ("trainable_share", "seconds", "peak_memory_mib")


@dataclass(frozen=True, slots=True)
class Scores:
    """A headline value and its bootstrap draws over groups, the same draws for every variant; none: not stored."""

    value: float
    draws: NDArray[np.float64] | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One trained variant: its method, its scores by split (`validation`, `test`), and the checkpoint's metrics."""

    variant: str
    method: str
    scores: Mapping[str, Scores]
    metrics: Mapping[str, float]

    @property
    def costs(self) -> dict[str, float]:
        """Trainable share of the parameters (0 to 1), seconds of training, peak memory in MiB; 0 where unknown."""
        share = self.metrics.get("trainable_parameters", 0.0) / max(self.metrics.get("parameters", 0.0), 1.0)
        return {"trainable_share": share, **{name: self.metrics.get(name, 0.0) for name in COSTS[1:]}}


@dataclass(frozen=True, slots=True)
class Difference:
    """One score minus another and its 95 % interval (paired bootstrap); without draws the interval is all values."""

    value: float
    low: float
    high: float

    @property
    def real(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        return f"{self.value:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


def difference(first: Scores, second: Scores) -> Difference:
    """`first` minus `second` on the same documents.

    Percentiles of the differences of the same draws (paired bootstrap; Efron & Tibshirani 1993, ch. 16; for F1 Berg-
    Kirkpatrick et al. 2012). Where a side has no draws nothing is known of the noise and the difference is taken as it
    is.
    """
    value = first.value - second.value
    if first.draws is None or second.draws is None:
        return Difference(value, value, value)
    from pipeline.task._scores import paired

    _, low, high, _ = paired(second.draws, first.draws)
    return Difference(value, low, high)


def chosen(found: Sequence[Candidate]) -> tuple[Candidate, dict[str, str]]:
    """The variant to release, and for every other one why not it.

    The best by validation is released only where it is better than noise: of the variants whose difference from it
    lies inside of the noise, the recipe itself comes first, then the one with the fewest trainable parameters, then by
    name.
    """
    best = max(found, key=lambda c: (c.scores["validation"].value, c.variant == BASE_VARIANT))
    near = [c for c in found if c is best or not difference(best.scores["validation"], c.scores["validation"]).real]
    taken = min(near, key=lambda c: (c.variant != BASE_VARIANT, c.metrics.get("trainable_parameters", 0.0), c.variant))
    others: dict[str, str] = {}
    for other in found:
        if other is taken:
            continue
        between = difference(other.scores["validation"], taken.scores["validation"])
        said = "" if between.real else ": inside of the noise, so the simpler one stays"
        others[other.variant] = f"on validation it scores {between} against {taken.variant}{said}"
    return taken, others


def table(found: Sequence[Candidate], published: Mapping[str, bool]) -> list[dict[str, Json]]:
    """A row a variant, the best by validation first: test score with interval, costs, difference from the best.

    `on_frontier`: no other variant scores at least as well on the test for at most the same costs, one of them better.
    """
    from pipeline.task._scores import interval

    ordered = sorted(found, key=lambda c: -c.scores["validation"].value)
    rows: list[dict[str, Json]] = []
    for c in ordered:
        test = c.scores["test"]
        low, high = (test.value, test.value) if test.draws is None else interval(test.draws)
        behind = difference(test, ordered[0].scores["test"])
        rows.append(
            {
                "variant": c.variant,
                "method": c.method,
                "score": test.value,
                "low": low,
                "high": high,
                "validation": c.scores["validation"].value,
                **c.costs,
                "difference": behind.value,
                "difference_low": behind.low,
                "difference_high": behind.high,
                "on_frontier": not any(_dominates(o, c) for o in ordered if o is not c),
                "published": published[c.variant],
            }
        )
    return rows


def _dominates(one: Candidate, other: Candidate) -> bool:
    mine = [one.scores["test"].value, *(-v for v in one.costs.values())]
    theirs = [other.scores["test"].value, *(-v for v in other.costs.values())]
    return all(a >= b for a, b in zip(mine, theirs, strict=True)) and mine != theirs
