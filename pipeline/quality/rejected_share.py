"""Not too much was dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pyarrow as pa
from pydantic import Field

from pipeline.frames import REJECTED, Frame, rejected_batch, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.types import Document, Json, Verdict


class RejectedShare(Gate):
    """Share of the documents that came in and were dropped: rejected / (documents + rejected), 0 to 1."""

    example: ClassVar[Mapping[str, Any]] = {"at_most": 0.25}

    at_most: float = Field(ge=0, le=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        kept, dropped = frame.documents.num_rows, frame.rejected.num_rows
        share = dropped / (kept + dropped) if kept + dropped else None
        report = measure(kept, [Number("rejected_share", share, at_most=self.at_most)])
        steps = {
            str(count["values"]): int(count["counts"]) for count in frame.rejected["step"].value_counts().to_pylist()
        }
        message = f"{dropped} of {kept + dropped} documents were dropped ({share or 0:.1%})"
        if steps and (share or 0) > self.at_most:
            most = max(steps, key=lambda step: steps[step])
            message += f", {steps[most]} of them by {most}: read its reasons, then mend the step or the source"
        first: list[Json] = frame.rejected.select(["id", "step", "reason"]).slice(0, EVIDENCE_IDS).to_pylist()
        evidence: dict[str, Json] = {"by_step": steps, "first": first}
        return self.verdict(report.outcome, share, f"at most {self.at_most:g}", report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(dropped=1)

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(dropped=2)

    @classmethod
    def _frame(cls, dropped: int) -> Frame:
        kept = to_table([Document(str(n), "Anna met Bo.") for n in range(3)])
        rejects = [Document(f"x{n}", "?").rejected("1 character, 5 are required", "min_length") for n in range(dropped)]
        return Frame(kept, pa.Table.from_batches([rejected_batch(rejects)], schema=REJECTED))
