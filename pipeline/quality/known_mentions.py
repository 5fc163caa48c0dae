"""Mentions that the reference would annotate in another way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from pipeline.frames import Frame, to_table
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.quality._learnt import Learnt
from pipeline.quality._mentions import mentions_in
from pipeline.types import Document, Json, Span, Split, Verdict


class KnownMentions(Learnt):
    """Share (0 to 1) of judged mentions with another label than the reference gives their string, where it knows one.

    It knows a string that it annotates at least twice and always with one label. Strings that mean several things are
    left out, so that a few wrong labels in a hundred stand out. Fields and sampling: pipeline/quality/_learnt.py. Not
    judged too: fewer than `min_support` such mentions.
    """

    example: ClassVar[Mapping[str, Any]] = {"min_support": 20}
    requirements: ClassVar[tuple[str, ...]] = ("well annotated",)

    at_most: float = Field(0.05, ge=0, lt=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at most {self.at_most:g}"
        usual, ours, problem = self._sides(frame, _fit)
        if usual is None:
            return self.verdict("not_judged", None, limit, problem, self._facts())
        mentions = mentions_in(ours.to_arrow())
        known = None if mentions is None else mentions.join(usual, on="surface", how="inner", maintain_order="left")
        if known is None or known.height < self.min_support:
            message = f"{0 if known is None else known.height} mentions of {self.judged} have a string that "
            message += f"{self.reference} knows: {self.min_support} are needed"
            return self.verdict("not_judged", None, limit, message, self._facts())
        other = known.filter(pl.col("label") != pl.col("usual"))
        share = other.height / known.height
        report = measure(ours.height, [Number("share", share, at_most=self.at_most)])
        message = f"{other.height} of {known.height} mentions ({share:.2%}) of {self.judged} have another label than "
        message += f"{self.reference} always gives their string"
        if report.outcome == "failed":
            message += ": look at the ids and settle the annotation guide"
        ids = other["id"].unique(maintain_order=True).head(EVIDENCE_IDS).to_list()
        evidence: dict[str, Json] = {**self._facts(), "known": usual.height, "ids": ids}
        return self.verdict(report.outcome, share, limit, report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame("PER")

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame("LOC")

    @classmethod
    def _frame(cls, label: str) -> Frame:
        sides: tuple[tuple[Split, str], ...] = (("train", "PER"), ("test", label))
        docs = [
            Document(f"{s}{n}", "Anna left", spans=(Span(0, 4, named),), split=s)
            for s, named in sides
            for n in range(20)
        ]
        return Frame(to_table(docs))


def _fit(rows: pl.DataFrame) -> pl.DataFrame:
    """Columns `surface` and `usual`, its label."""
    mentions = mentions_in(rows.to_arrow())
    if mentions is None:
        return pl.DataFrame(schema={"surface": pl.String, "usual": pl.String})
    found = mentions.group_by("surface").agg(
        n=pl.len(), kinds=pl.col("label").n_unique(), usual=pl.col("label").first()
    )
    return found.filter((pl.col("n") > 1) & (pl.col("kinds") == 1)).select("surface", "usual").sort("surface")
