"""No text is empty or blank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.types import Document, Json, Verdict

# White space in Unicode's sense, and what takes no room: controls, soft hyphen, zero-width characters, byte order mark.
VISIBLE = "[^\\s\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2060-\u2064\ufeff]"


class NoEmptyText(Gate):
    """Every text has at least one visible character. Observed: documents without one, over those with a null text."""

    example: ClassVar[Mapping[str, Any]] = {}
    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        rows = pl.DataFrame(frame.documents.select(["id", "text"]))
        blank = rows.filter(~pl.col("text").str.contains(VISIBLE).fill_null(value=False))
        report = measure(rows.height, [Number("blank", blank.height, at_most=0)])
        message = f"{blank.height} of {rows.height} texts are empty or blank"
        if blank.height:
            message += "; drop them with the cleaning step min_length, or repair the source"
        ids: Json = blank["id"].cast(pl.String).head(EVIDENCE_IDS).to_list()
        return self.verdict(report.outcome, blank.height, "at most 0", report.problem or message, {"ids": ids})

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return Frame(to_table([Document("a", "Anna met Bo."), Document("b", "你好")]))

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return Frame(to_table([Document("a", "Anna met Bo."), Document("b", "\u3000\n")]))
