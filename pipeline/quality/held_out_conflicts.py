"""Mentions that are labelled in one way in training and in another in what is held out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.quality._mentions import mentions_in
from pipeline.types import Document, Json, Span, Split, Verdict


class HeldOutConflicts(Gate):
    """Share (0 to 1) of validation and test mentions that training labels otherwise, of those whose string it knows.

    The label that counts is the commonest of the string in training. `mention_conflicts` looks at all splits together,
    where the small ones hardly weigh. The People's Daily as split here has 0.3 %, CoNLL-2003's official splits 4.8 %.
    Not judged with fewer than `min_support` such mentions.
    """

    example: ClassVar[Mapping[str, Any]] = {"at_most": 0.4, "min_support": 2}
    stages: ClassVar[tuple[str, ...]] = ("splits",)

    at_most: float = Field(0.1, ge=0, lt=1)
    min_support: int = Field(30, ge=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit, split = f"at most {self.at_most:g}", frame.documents["split"]
        held_out = pc.is_in(split, pa.array(["validation", "test"]))
        train = mentions_in(frame.documents.filter(pc.equal(split, "train")))
        ours = mentions_in(frame.documents.filter(held_out))
        if train is None or ours is None:
            return self.verdict("not_judged", None, limit, "no mentions in training or none in what is held out")
        counts = train.group_by("surface", "label").agg(n=pl.len())
        order = counts.sort("surface", "n", "label", descending=[False, True, False])
        usual = order.unique("surface", keep="first", maintain_order=True).select("surface", usual="label")
        known = ours.join(usual, on="surface", how="inner", maintain_order="left")
        if known.height < self.min_support:
            message = (
                f"{known.height} held-out mentions have a string that training knows: {self.min_support} are needed"
            )
            return self.verdict("not_judged", None, limit, message)
        other = known.filter(pl.col("label") != pl.col("usual"))
        share = other.height / known.height
        report = measure(frame.documents.num_rows, [Number("share", share, at_most=self.at_most)])
        message = (
            f"{other.height} of {known.height} held-out mentions ({share:.2%}) have another label than in training"
        )
        if report.outcome == "failed":
            message += ": were labels renamed or annotated by another guide on one side?"
        evidence: dict[str, Json] = {"ids": other["id"].unique(maintain_order=True).head(EVIDENCE_IDS).to_list()}
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
        sides: tuple[tuple[Split, str], ...] = (("train", "PER"), ("validation", "PER"), ("test", label))
        docs = [Document(s, "Anna left", spans=(Span(0, 4, named),), split=s) for s, named in sides]
        return Frame(to_table(docs))
