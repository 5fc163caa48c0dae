"""How many texts are very short or very long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import polars as pl
from pydantic import Field, model_validator

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.types import Document, Json, Verdict


class TextLength(Gate):
    """Share (0 to 1) of documents under `shortest` or over `longest` characters (code points); a null text is under.

    The defaults let annotated corpora through: outside of 2 to 2,000 characters are 0.12 % of CoNLL-2003's sentences,
    0.10 % of the People's Daily's paragraphs and 0.01 % of the shop reviews.
    """

    example: ClassVar[Mapping[str, Any]] = {"shortest": 2, "longest": 20, "at_most": 0.25}
    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    shortest: int = Field(2, ge=0)
    longest: int = Field(2000, ge=1)
    at_most: float = Field(0.01, ge=0, lt=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.shortest > self.longest:
            raise ValueError(f"shortest {self.shortest} is more than longest {self.longest}")
        return self

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        rows = pl.DataFrame(frame.documents.select(["id", "text"]))
        rows = rows.select("id", characters=pl.col("text").str.len_chars().fill_null(0))
        short = rows.filter(pl.col("characters") < self.shortest).sort("characters", maintain_order=True)
        long = rows.filter(pl.col("characters") > self.longest).sort("characters", descending=True, maintain_order=True)
        outside = short.height + long.height
        share = outside / rows.height if rows.height else None
        report = measure(rows.height, [Number("share", share, at_most=self.at_most)])
        message = f"{short.height} of {rows.height} texts have under {self.shortest} characters, "
        message += f"{long.height} over {self.longest} ({share or 0:.2%} in all)"
        if report.outcome == "failed":
            message += ": drop them with min_length, cut long ones in the source, or set other limits"
        quantiles: dict[str, Json] = {f"{q:g}": rows["characters"].quantile(q) for q in (0.0, 0.01, 0.5, 0.99, 1.0)}
        worst = [*short["id"].head(EVIDENCE_IDS // 2), *long["id"].head(EVIDENCE_IDS // 2)]
        evidence: dict[str, Json] = {"short": short.height, "long": long.height, "quantiles": quantiles, "ids": worst}
        return self.verdict(report.outcome, share, f"at most {self.at_most:g}", report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame("Bo", "Bo met Anna, 20 char", "Anna.", "B")

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame("Bo", "Bo met Anna, 21 chars", "Anna.", "B")

    @classmethod
    def _frame(cls, *texts: str) -> Frame:
        return Frame(to_table(Document(str(n), text) for n, text in enumerate(texts)))
