"""The checkpoint knows more than the training labels alone would give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from pipeline.errors import did_you_mean
from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import Number, measure
from pipeline.types import Document, Verdict


class BetterThanBaseline(Gate):
    """A metric on test minus its baseline (the task's number `baseline_<metric>`) is at least `by`; both are 0 to 1.

    `by: 0` asks for "not worse". Not judged where the task did not give both numbers.
    """

    example: ClassVar[Mapping[str, Any]] = {"by": 0.05}
    stages: ClassVar[tuple[str, ...]] = ("checkpoint",)
    named_by: ClassVar[tuple[str, ...]] = ("metric",)

    by: float = Field(ge=0, le=1)
    metric: str = "entity_f1"

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit, baseline = f"at least {self.by:g}", f"baseline_{self.metric}"
        for name in (self.metric, baseline):
            if name not in frame.metrics:
                hint = did_you_mean(name, frame.metrics)
                return self.verdict("not_judged", None, limit, f"the task gave no number {name!r}; {hint}")
        ours, theirs = frame.metrics[self.metric], frame.metrics[baseline]
        gain = round(ours - theirs, 12)  # 0.7 - 0.65 is 0.04999999999999993
        report = measure(frame.documents.num_rows, [Number("gain", gain, at_least=self.by)])
        message = f"{self.metric} is {ours:.3f}, the baseline {theirs:.3f}: a gain of {gain:+.3f}"
        if report.outcome == "failed":
            message += "; training has not paid: look at the loss, the labels and the number of epochs"
        evidence = {self.metric: ours, baseline: theirs}
        return self.verdict(
            report.outcome, None if report.problem else gain, limit, report.problem or message, evidence
        )

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame({"entity_f1": 0.7, "baseline_entity_f1": 0.65})

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame({"entity_f1": 0.69, "baseline_entity_f1": 0.65})

    @classmethod
    def _frame(cls, metrics: Mapping[str, float]) -> Frame:
        return Frame(to_table([Document("a", "Anna met Bo.")]), metrics=metrics)
