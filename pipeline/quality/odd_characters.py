"""Characters that no text has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.quality._sample import sampled
from pipeline.types import Document, Json, Verdict

# Controls but tab and line ends, the replacement character, byte order mark, private use, not a character.
ODD = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd\ufeff\ue000-\uf8ff\ufdd0-\ufdef\ufff0-\ufff8]"
# UTF-8 read as Latin-1 or Windows-1252: a lead byte as an accented letter, and a trail byte that is no letter.
MISREAD = "[Â-ô][\u0080-\u00bfŒœŠšŽžŸƒˆ˜–—‘’‚“”„†‡•…‰‹›€™][\u0080-\u00bfŒœŠšŽžŸƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]?"


class OddCharacters(Gate):
    """Share (0 to 1) of documents with a character that is no text, or with two pairs of UTF-8 read as Latin-1.

    Controls, U+FFFD, private use: signs of a wrong encoding or of a broken reader. Characters of no width are not
    counted: emoji and Persian need some of them. The shop reviews have 0.03 %, the People's Daily and CoNLL-2003 none.
    Of more than `sample` documents a seeded sample is read: 20,000 tell a share of 0.2 % within 0.06 points.
    """

    example: ClassVar[Mapping[str, Any]] = {"at_most": 0.25}
    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    at_most: float = Field(0.002, ge=0, lt=1)
    sample: int = Field(20_000, ge=1)
    seed: int = 13

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        text = pl.col("text")
        rows = sampled(pl.DataFrame(frame.documents.select(["id", "text"])), self.sample, self.seed)
        # one pass finds the few rows that the second one looks at closely
        odd = rows.filter(text.str.contains(f"{ODD}|{MISREAD}"))
        odd = odd.filter(text.str.contains(ODD) | (text.str.count_matches(MISREAD) >= 2))
        share = odd.height / rows.height if rows.height else None
        report = measure(rows.height, [Number("share", share, at_most=self.at_most)])
        message = f"{odd.height} of {rows.height} documents read ({share or 0:.2%}) hold characters that no text has"
        if report.outcome == "failed":
            message += ": look at the ids, read the source in its own encoding, or repair the text in cleaning"
        evidence: dict[str, Json] = {"sampled": rows.height, "ids": odd["id"].head(EVIDENCE_IDS).to_list()}
        return self.verdict(report.outcome, share, f"at most {self.at_most:g}", report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame("Zo\u00eb \u00e9tait \u00e0 Besan\u00e7on.")

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame("Zo\u00c3\u00ab \u00c3\u00a9tait \u00c3 Besan\u00c3\u00a7on.")

    @classmethod
    def _frame(cls, text: str) -> Frame:
        return Frame(to_table([Document("a", "Anna\tmet Bo.\n"), Document("b", text)]))
