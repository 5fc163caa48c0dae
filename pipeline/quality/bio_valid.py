"""Spans and tokens agree."""

from __future__ import annotations

from typing import ClassVar

import polars as pl
import pyarrow.compute as pc

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import Expectation, expect
from pipeline.quality._spans import counts_of, off_tokens
from pipeline.types import Document, Json, Span, Verdict

_LIMIT = "at most 0"


class BioValid(Gate):
    """Every span begins where a token begins, ends where a token ends and shares no token: its BIO2 tags are valid.

    Observed: documents where that is not so, of those with spans and tokens. Not judged where there are none. The limit
    is 0: CoNLL-2003's 20,744 sentences have none.
    """

    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        both = pc.and_(pc.is_valid(frame.documents["spans"]), pc.is_valid(frame.documents["tokens"]))
        rows = frame.documents.select(["id", "spans", "tokens"]).filter(both)
        if rows.num_rows == 0:
            return self.verdict("not_judged", None, _LIMIT, "no document has both spans and tokens: nothing to judge")
        report = expect(rows, [Expectation("ExpectSpansToStandOnTokens", columns=("spans", "tokens"))])
        faults = counts_of(off_tokens(pl.DataFrame(rows).with_row_index("row"))) if report.unexpected else {}
        message = f"{report.unexpected} of {rows.num_rows} documents have spans that no BIO2 tags can say"
        if faults:
            message += f" ({', '.join(f'{n} {name}' for name, n in faults.items())}): mend the spans or the tokenizer"
        evidence: dict[str, Json] = {"faults": faults, "ids": list(report.ids)}
        return self.verdict(report.outcome, report.unexpected, _LIMIT, report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(Span(0, 9, "PER"))

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(Span(0, 7, "PER"))

    @classmethod
    def _frame(cls, span: Span) -> Frame:
        tokens = ((0, 4), (5, 9), (10, 13), (14, 16))
        docs = [Document("a", "Anna Berg met Bo", spans=(span,), tokens=tokens), Document("b", "no tokens", spans=())]
        return Frame(to_table(docs))
