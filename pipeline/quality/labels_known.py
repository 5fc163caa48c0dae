"""No label that the task does not have."""

from __future__ import annotations

from typing import ClassVar

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import Expectation, expect
from pipeline.quality._labels import labels_in
from pipeline.types import Document, Json, Span, Verdict

_LIMIT = "at most 0"


class LabelsKnown(Gate):
    """Every span's label (or document's, where there are no spans) is one of the task's. Observed: labels that are not.

    Not judged where the recipe's task names no labels or no document is annotated.
    """

    stages: ClassVar[tuple[str, ...]] = ("splits", "augmented")

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        labels = labels_in(frame.documents, frame.labels)
        if not frame.labels or labels is None:
            what = "no document is annotated" if labels is None else "the task names no labels"
            return self.verdict("not_judged", None, _LIMIT, f"{what}: there is nothing to compare")
        if labels.height == 0:
            return self.verdict("passed", 0, _LIMIT, "the documents are annotated, and there is no label in them")
        known = Expectation("ExpectColumnValuesToBeInSet", "label", {"value_set": list(frame.labels)})
        report = expect(labels.select("id", "label").to_arrow(), [known])
        strange = labels.filter(~labels["label"].is_in(list(frame.labels)).fill_null(value=False))
        counts: dict[str, Json] = {
            str(label): n for label, n in sorted(strange["label"].value_counts().rows(), key=str)
        }
        message = f"{report.unexpected} of {labels.height} labels are not among {', '.join(frame.labels)}"
        if counts:
            message += f": {', '.join(counts)}; name them in the recipe's task, or map them in the annotation"
        evidence: dict[str, Json] = {"unknown": counts, "ids": list(report.ids)}
        return self.verdict(report.outcome, report.unexpected, _LIMIT, report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame("LOC")

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame("GPE")

    @classmethod
    def _frame(cls, label: str) -> Frame:
        doc = Document("a", "Anna in Rome", spans=(Span(0, 4, "PER"), Span(8, 12, label)))
        return Frame(to_table([doc, Document("b", "Nobody.", spans=())]), labels=("PER", "LOC"))
