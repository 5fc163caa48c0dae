"""Every label in every split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import Number, measure
from pipeline.quality._labels import labels_in
from pipeline.types import Document, Json, Span, Split, Verdict


class LabelsCovered(Gate):
    """Every label of the task occurs at least `at_least` times in each of `splits`. Observed: the smallest count.

    Spans are counted; documents where none has spans. A split that is not there counts 0 and fails. Not judged where
    the task names no labels or no document is annotated.
    """

    example: ClassVar[Mapping[str, Any]] = {"at_least": 1}
    stages: ClassVar[tuple[str, ...]] = ("splits",)

    at_least: int = Field(1, ge=1)
    splits: tuple[Split, ...] = Field(("train", "validation", "test"), min_length=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at least {self.at_least}"
        labels = labels_in(frame.documents, frame.labels)
        if not frame.labels or labels is None:
            what = "no document is annotated" if labels is None else "the task names no labels"
            return self.verdict("not_judged", None, limit, f"{what}: there is nothing to count")
        found = {(split, label): n for split, label, n in labels.group_by("split", "label").len().rows()}
        counts = {(s, label): int(found.get((s, label), 0)) for s in self.splits for label in frame.labels}
        numbers = [Number(f"{label} in {s}", n, at_least=self.at_least) for (s, label), n in counts.items()]
        report = measure(frame.documents.num_rows, numbers)
        short = [f"{label} in {s}: {n}" for (s, label), n in counts.items() if n < self.at_least]
        message = f"the rarest label occurs {min(counts.values())} times in a split"
        if short:
            message = f"{'; '.join(short)}; at least {self.at_least} are needed: add batches or make the split larger"
        evidence: dict[str, Json] = {s: {label: counts[s, label] for label in frame.labels} for s in self.splits}
        return self.verdict(report.outcome, min(counts.values()), limit, report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(test_labels=("PER", "LOC"))

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(test_labels=("PER", "PER"))

    @classmethod
    def _frame(cls, test_labels: tuple[str, str]) -> Frame:
        splits: dict[Split, tuple[str, str]] = {
            "train": ("PER", "LOC"),
            "validation": ("PER", "LOC"),
            "test": test_labels,
        }
        docs = [
            Document(split, "Anna in Rome", spans=(Span(0, 4, a), Span(8, 12, b)), split=split)
            for split, (a, b) in splits.items()
        ]
        return Frame(to_table(docs), labels=("PER", "LOC"))
