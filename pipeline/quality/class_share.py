"""How rare the rarest class is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import Number, measure
from pipeline.quality._labels import labels_in
from pipeline.types import Document, Json, Verdict


class ClassShare(Gate):
    """The smallest class's share (0 to 1) of all labels: of spans, or of documents where none has spans.

    Classes are the task's labels, and one that does not occur has 0; where the task names none, those that occur. In a
    stage with splits the training split is counted. The default refuses a class that has collapsed: the smallest of
    CoNLL-2003 has 14.6 %, of the People's Daily 41.9 %, of the shop reviews 47.1 %. Not judged: one class alone, or
    fewer than `min_support` labels.
    """

    example: ClassVar[Mapping[str, Any]] = {"at_least": 0.1}
    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    at_least: float = Field(0.02, gt=0, le=0.5)
    min_support: int = Field(20, ge=2)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at least {self.at_least:g}"
        labels = labels_in(frame.documents, frame.labels)
        if labels is None:
            return self.verdict("not_judged", None, limit, "no document is annotated: there is nothing to count")
        if frame.documents["split"].null_count < frame.documents.num_rows:
            labels = labels.filter(pl.col("split") == "train")
        found = dict(labels["label"].drop_nulls().value_counts().rows())
        counts = {name: int(found.get(name, 0)) for name in frame.labels or sorted(found)}
        total = sum(counts.values())
        evidence: dict[str, Json] = {"counts": dict(counts)}
        if total < self.min_support or len(counts) < 2:
            message = f"{total} labels of {len(counts)} classes: a share needs {self.min_support} of them, two classes"
            return self.verdict("not_judged", None, limit, message, evidence)
        rarest = min(counts, key=lambda name: counts[name])
        share = counts[rarest] / total
        report = measure(frame.documents.num_rows, [Number("share", share, at_least=self.at_least)])
        message = f"{rarest} has {share:.1%} of {total} labels, the smallest share"
        if report.outcome == "failed":
            message += ": add text that has it, or say in the recipe why less is enough"
        return self.verdict(report.outcome, share, limit, report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(["good"] * 18 + ["bad"] * 2)

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(["good"] * 19 + ["bad"])

    @classmethod
    def _frame(cls, labels: list[str]) -> Frame:
        return Frame(to_table(Document(str(n), "Fine.", label=x) for n, x in enumerate(labels)), labels=("good", "bad"))
