"""How far the labels' distribution is from another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import polars as pl
from pydantic import Field, model_validator

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import Number, measure
from pipeline.quality._labels import labels_in
from pipeline.types import Document, Json, Split, Verdict

Shares = Mapping[str, float]


class LabelShift(Gate):
    """Total variation (0 to 1: half the sum of the differences) between two distributions of labels; the largest.

    With `expected` (label → share), each split against it, or all documents where nothing is split; without, validation
    and test against train. CoNLL-2003's official splits are 0.043 apart; 300 labels drawn at random from one of them
    stay under 0.1 in 99.9 % of 100,000 draws. A split with fewer than `min_support` labels is left out, and without a
    pair left nothing is judged.
    """

    example: ClassVar[Mapping[str, Any]] = {"at_most": 0.2, "min_support": 10}
    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    at_most: float = Field(0.1, ge=0, lt=1)
    expected: Mapping[str, float] = Field(default_factory=dict)
    min_support: int = Field(300, ge=1)

    @model_validator(mode="after")
    def _are_shares(self) -> Self:
        if self.expected and (min(self.expected.values()) < 0 or abs(sum(self.expected.values()) - 1) > 0.001):
            raise ValueError(f"the shares of `expected` are to be 0 or more and sum to 1, got {dict(self.expected)}")
        return self

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at most {self.at_most:g}"
        labels = labels_in(frame.documents, frame.labels)
        if labels is None:
            return self.verdict("not_judged", None, limit, "no document is annotated: there is nothing to compare")
        shares = self._shares(labels)
        base = self.expected or shares.pop("train", {})
        evidence: dict[str, Json] = {"against": dict(base), "shares": {k: dict(v) for k, v in shares.items()}}
        if not base or not shares:
            message = f"fewer than two distributions of {self.min_support} labels or more: there is nothing to compare"
            return self.verdict("not_judged", None, limit, message, evidence)
        shifts = {name: round(total_variation(found, base), 12) for name, found in shares.items()}
        furthest = max(shifts, key=lambda name: shifts[name])
        numbers = [Number(f"shift of {name}", shift, at_most=self.at_most) for name, shift in shifts.items()]
        report = measure(frame.documents.num_rows, numbers)
        other = "what is expected" if self.expected else "train"
        message = f"the labels of {furthest} are {shifts[furthest]:.3f} from {other}"
        if report.outcome == "failed":
            message += ": stratify the split by label, or look in the source for what changed"
        evidence["shifts"] = dict(shifts)
        return self.verdict(report.outcome, shifts[furthest], limit, report.problem or message, evidence)

    def _shares(self, labels: pl.DataFrame) -> dict[str, Shares]:
        """Label → share of each split that has labels enough; of `all` where nothing is split."""
        found: dict[str, Shares] = {}
        for split in ("train", "validation", "test", None):
            here = labels.filter(pl.col("split").eq_missing(pl.lit(split)))["label"].drop_nulls()
            if here.len() >= self.min_support:
                found[split or "all"] = {k: n / here.len() for k, n in sorted(here.value_counts().rows())}
        return found

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(["good"] * 7 + ["bad"] * 3)

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(["good"] * 2 + ["bad"] * 8)

    @classmethod
    def _frame(cls, test: list[str]) -> Frame:
        labels: dict[Split, list[str]] = {"train": ["good"] * 5 + ["bad"] * 5, "test": test}
        docs = [Document(f"{s}{n}", "Fine.", label=x, split=s) for s, own in labels.items() for n, x in enumerate(own)]
        return Frame(to_table(docs), labels=("good", "bad"))


def total_variation(left: Shares, right: Shares) -> float:
    """Half the sum of the absolute differences of two distributions.

    >>> round(total_variation({"a": 0.5, "b": 0.5}, {"a": 0.2, "c": 0.8}), 12)
    0.8
    """
    return sum(abs(left.get(name, 0.0) - right.get(name, 0.0)) for name in {*left, *right}) / 2
