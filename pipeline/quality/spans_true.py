"""Spans stand where text stands."""

from __future__ import annotations

from typing import ClassVar

import polars as pl

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import Expectation, expect
from pipeline.types import Document, Json, Span, Verdict

_LIMIT = "at most 0"
_START, _END, _TEXT = pl.col("start"), pl.col("end"), pl.col("text")


class SpansTrue(Gate):
    """Every span is inside its text, not empty, not over another span, and has no white space at an edge.

    Observed: spans that are not so. Not judged where no document is annotated.
    """

    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        spans = self._faults(frame)
        if spans is None:
            return self.verdict("not_judged", None, _LIMIT, "no document is annotated with spans: nothing to judge")
        if spans.height == 0:
            return self.verdict("passed", 0, _LIMIT, "the documents are annotated, and there is no span in them")
        faultless = Expectation("ExpectColumnValuesToBeInSet", "fault", {"value_set": ["none"]})
        report = expect(spans.to_arrow(), [faultless])
        faults: dict[str, Json] = {
            name: n for name, n in sorted(spans["fault"].value_counts().rows()) if name != "none"
        }
        message = f"{report.unexpected} of {spans.height} spans are at fault"
        if faults:
            message += f" ({', '.join(f'{n} {name}' for name, n in faults.items())}): mend the source or the annotation"
        evidence: dict[str, Json] = {"faults": faults, "ids": list(report.ids)}
        return self.verdict(report.outcome, report.unexpected, _LIMIT, report.problem or message, evidence)

    def _faults(self, frame: Frame) -> pl.DataFrame | None:
        """One row a span, columns `id` and `fault`; None where nothing is annotated."""
        rows = pl.DataFrame(frame.documents.select(["id", "text", "spans"])).with_row_index("row")
        rows = rows.filter(pl.col("spans").is_not_null())
        if rows.height == 0:
            return None
        spans = rows.explode("spans", empty_as_null=False, keep_nulls=True)
        spans = spans.select("row", "id", "text", *(pl.col("spans").struct.field(f) for f in ("start", "end")))
        inside = (_START >= 0) & (_TEXT.str.len_chars() >= _END)
        surface = _TEXT.str.slice(_START.clip(0), (_END - _START).clip(0))  # counts code points, as offsets do
        fault = (
            pl.when(_START.is_null() | _END.is_null())
            .then(pl.lit("without offsets"))
            .when(_START >= _END)
            .then(pl.lit("empty"))
            .when(~inside)
            .then(pl.lit("outside of the text"))
            .when(surface != surface.str.strip_chars())
            .then(pl.lit("with white space at an edge"))
            .when((_END.shift(1).over("row") > _START).fill_null(value=False))
            .then(pl.lit("over the span before"))
            .otherwise(pl.lit("none"))
        )
        return spans.sort("row", "start", "end").select("id", fault=fault)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return Frame(to_table([Document("a", "你好 Anna", spans=(Span(3, 7, "PER"),)), Document("b", "x", spans=())]))

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return Frame(to_table([Document("a", "你好 Anna", spans=(Span(2, 7, "PER"),))]))
