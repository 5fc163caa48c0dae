"""Enough documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import Number, measure
from pipeline.types import Document, Verdict


class RowCount(Gate):
    """The version holds at least `at_least` documents. Observed: documents."""

    example: ClassVar[Mapping[str, Any]] = {"at_least": 2}

    at_least: int = Field(ge=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        rows = frame.documents.num_rows
        report = measure(rows, [Number("row_count", rows, at_least=self.at_least)])
        message = f"{rows} documents"
        if rows < self.at_least:
            message += f", {self.at_least - rows} too few: add batches, or see in the rejected what was dropped and why"
        evidence = {"rejected": frame.rejected.num_rows}
        return self.verdict(report.outcome, rows, f"at least {self.at_least}", report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return Frame(to_table([Document("a", "Anna met Bo."), Document("b", "Bo met Anna.")]))

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return Frame(to_table([Document("a", "Anna met Bo.")]))
