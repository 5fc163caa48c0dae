"""Documents that came to the splits and could not be used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from pipeline.frames import REJECTED, Frame, rejected_batch, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.types import Document, Json, Verdict


class UnusableShare(Gate):
    """Share (0 to 1) of documents that annotation or the task rejected: no label, an unknown one, not annotated.

    What the division drops (copies) is not counted, neither above nor below the line. The default lets a stray record
    through; unknown labels that are meant to be left out are dropped before, by an annotator.
    """

    example: ClassVar[Mapping[str, Any]] = {"at_most": 0.25}
    stages: ClassVar[tuple[str, ...]] = ("splits",)

    at_most: float = Field(0.005, ge=0, lt=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        unusable = frame.rejected.filter(pc.not_equal(frame.rejected["step"], "split"))
        rows = frame.documents.num_rows + unusable.num_rows
        share = unusable.num_rows / rows if rows else None
        report = measure(rows, [Number("share", share, at_most=self.at_most)])
        message = f"{unusable.num_rows} of {rows} documents ({share or 0:.2%}) could not be used"
        if report.outcome == "failed":
            message += ": read the reasons, then mend the labels in the source or name them in the recipe's task"
        first: list[Json] = unusable.select(["id", "step", "reason"]).slice(0, EVIDENCE_IDS).to_pylist()
        evidence: dict[str, Json] = {"first": first}
        return self.verdict(report.outcome, share, f"at most {self.at_most:g}", report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(unusable=1)

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(unusable=2)

    @classmethod
    def _frame(cls, unusable: int) -> Frame:
        kept = to_table([Document(str(n), "Anna met Bo.", split="train") for n in range(3)])
        rejects = [Document(f"x{n}", "?").rejected("the document has no label", "ner") for n in range(unusable)]
        copies = [Document(f"y{n}", "?").rejected("same text as 1 in train", "split") for n in range(9)]
        return Frame(kept, pa.Table.from_batches([rejected_batch([*rejects, *copies])], schema=REJECTED))
