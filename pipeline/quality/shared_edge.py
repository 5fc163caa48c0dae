"""Texts that begin or end alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.types import Document, Json, Verdict


class SharedEdge(Gate):
    """Share (0 to 1) of different texts whose first or last `characters` characters are the commonest such.

    A notice, a menu or a signature that stands in text after text. Copies of a whole text count once, texts of less
    than twice `characters` not at all. The shop reviews have 1.2 %, CoNLL-2003 0.7 %, the People's Daily 0.2 %. Not
    judged with fewer than `min_support` texts.
    """

    example: ClassVar[Mapping[str, Any]] = {"at_most": 0.5, "min_support": 3}
    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    at_most: float = Field(0.05, ge=0, lt=1)
    characters: int = Field(10, ge=2)
    min_support: int = Field(50, ge=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at most {self.at_most:g}"
        rows = pl.DataFrame(frame.documents.select(["id", "text"])).unique("text", keep="first", maintain_order=True)
        rows = rows.filter(pl.col("text").str.len_chars() >= 2 * self.characters)
        if rows.height < self.min_support:
            message = (
                f"{rows.height} different texts of {2 * self.characters} characters: {self.min_support} are needed"
            )
            return self.verdict("not_judged", None, limit, message)
        edges = {"begin": pl.col("text").str.head(self.characters), "end": pl.col("text").str.tail(self.characters)}
        counts = {
            name: rows.with_columns(edge=edge).with_columns(n=pl.len().over("edge")).sort("n", descending=True)
            for name, edge in edges.items()
        }
        where = max(counts, key=lambda name: int(counts[name]["n"][0]))
        most = int(counts[where]["n"][0])
        report = measure(rows.height, [Number("share", most / rows.height, at_most=self.at_most)])
        message = f"{most} of {rows.height} texts ({most / rows.height:.2%}) {where} in the same characters"
        if report.outcome == "failed":
            message += ": take the notice, menu or signature away in the source or in cleaning"
        alike = counts[where].filter(pl.col("edge") == pl.col("edge").first())
        evidence: dict[str, Json] = {"edge": where, "ids": alike["id"].head(EVIDENCE_IDS).to_list()}
        return self.verdict(report.outcome, most / rows.height, limit, report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame("He signed nothing.")

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame("All rights reserved.")

    @classmethod
    def _frame(cls, end: str) -> Frame:
        ends = ["All rights reserved.", end, "And that was all there was."]
        texts = [f"{name} went home. {end}" for name, end in zip(("Anna", "Bo", "Carla"), ends, strict=True)]
        return Frame(to_table(Document(str(n), text) for n, text in enumerate(texts)))
