"""Tags that cleaning has left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.types import Document, Json, Verdict

MARKUP = (
    r"(?i)</(a|b|body|div|em|font|h[1-6]|html|i|li|p|script|span|strong|style|table|td|tr|ul)>|<(br|p|div|script)[ />]"
)
ENTITY = r"&(nbsp|amp|lt|gt|quot|#[0-9]{2,6});"


class MarkupLeft(Gate):
    """Share (0 to 1) of documents with an HTML tag of the common kinds or an HTML entity.

    A text about HTML has them rightly; the default leaves room for a few such, not for pages that were not extracted.
    The shop reviews have 0.15 %, the People's Daily and CoNLL-2003 none.
    """

    example: ClassVar[Mapping[str, Any]] = {"at_most": 0.25}
    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    at_most: float = Field(0.01, ge=0, lt=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        text = pl.col("text")
        rows = pl.DataFrame(frame.documents.select(["id", "text"]))
        found = rows.filter(text.str.contains(MARKUP) | text.str.contains(ENTITY))
        share = found.height / rows.height if rows.height else None
        report = measure(rows.height, [Number("share", share, at_most=self.at_most)])
        message = f"{found.height} of {rows.height} documents ({share or 0:.2%}) hold HTML"
        if report.outcome == "failed":
            message += ": extract the text in the source or in cleaning"
        evidence: dict[str, Json] = {"ids": found["id"].head(EVIDENCE_IDS).to_list()}
        return self.verdict(report.outcome, share, f"at most {self.at_most:g}", report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame("1 < 2 & 3 > 2, R&D;")

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame("<p>Anna met Bo.</p>")

    @classmethod
    def _frame(cls, text: str) -> Frame:
        return Frame(to_table([Document("a", "Anna met Bo."), Document("b", text)]))
