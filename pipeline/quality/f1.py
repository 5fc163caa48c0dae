"""The checkpoint is good enough on the test documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from pipeline.errors import did_you_mean
from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import Number, measure
from pipeline.types import Document, Verdict


class F1(Gate):
    """One of the task's numbers on test, 0 to 1, is at least `at_least`: `entity_f1`, or what `metric` names.

    Not judged where the task did not give that number.
    """

    example: ClassVar[Mapping[str, Any]] = {"at_least": 0.6}
    stages: ClassVar[tuple[str, ...]] = ("checkpoint",)
    named_by: ClassVar[tuple[str, ...]] = ("metric",)

    at_least: float = Field(ge=0, le=1)
    metric: str = "entity_f1"

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at least {self.at_least:g}"
        value = frame.metrics.get(self.metric)
        if value is None:
            hint = did_you_mean(self.metric, frame.metrics)
            return self.verdict("not_judged", None, limit, f"the task gave no number {self.metric!r}; {hint}")
        report = measure(frame.documents.num_rows, [Number(self.metric, value, at_least=self.at_least)])
        message = f"{self.metric} is {value:.3f} on {frame.documents.num_rows} test documents"
        if report.outcome == "failed":
            message += f", {self.at_least - value:.3f} short: train longer, on more text, or with a larger base model"
        ends = {k: frame.metrics[k] for k in (f"{self.metric}_low", f"{self.metric}_high") if k in frame.metrics}
        observed = None if report.problem else value
        return self.verdict(report.outcome, observed, limit, report.problem or message, ends)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return Frame(to_table([Document("a", "Anna met Bo.")]), metrics={"entity_f1": 0.7})

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return Frame(to_table([Document("a", "Anna met Bo.")]), metrics={"entity_f1": 0.5})
