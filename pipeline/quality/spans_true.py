"""Spans stand where text stands."""

from __future__ import annotations

from typing import ClassVar

import polars as pl
import pyarrow.compute as pc

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import Expectation, expect
from pipeline.quality._spans import counts_of, span_faults
from pipeline.types import Document, Json, Span, Verdict

_LIMIT = "at most 0"


class SpansTrue(Gate):
    """Every span is inside its text, not empty, not over another span, and has no white space at an edge.

    Observed: spans that are not so. Not judged where no document is annotated.
    """

    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        rows = frame.documents.select(["id", "text", "spans"]).filter(pc.is_valid(frame.documents["spans"]))
        if rows.num_rows == 0:
            return self.verdict("not_judged", None, _LIMIT, "no document is annotated with spans: nothing to judge")
        report = expect(rows, [Expectation("ExpectSpansToStandInText", columns=("text", "spans"))])
        faults: dict[str, int] = {}
        if report.outcome == "failed":
            faults = counts_of(span_faults(pl.DataFrame(rows).with_row_index("row").drop_nulls("text")))
        wrong, count = sum(faults.values()), pc.sum(pc.list_value_length(rows["spans"])).as_py()
        message = f"{wrong} of {count} spans are at fault"
        if faults:
            message += f" ({', '.join(f'{n} {name}' for name, n in faults.items())}): mend the source or the annotation"
        evidence: dict[str, Json] = {"faults": faults, "ids": list(report.ids)}
        return self.verdict(report.outcome, wrong, _LIMIT, report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return Frame(to_table([Document("a", "你好 Anna", spans=(Span(3, 7, "PER"),)), Document("b", "x", spans=())]))

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return Frame(to_table([Document("a", "你好 Anna", spans=(Span(2, 7, "PER"),))]))
