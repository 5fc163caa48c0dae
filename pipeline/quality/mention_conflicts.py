"""One mention, several labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.quality._mentions import mentions_in
from pipeline.types import Document, Json, Span, Verdict


class MentionConflicts(Gate):
    """Share (0 to 1) of mentions whose label is not the commonest one of their surface string in this version.

    Some are right (a club named after its town), so the default leaves room: CoNLL-2003 has 2.1 %, the People's Daily
    0.1 %. Not judged with fewer than `min_support` mentions.
    """

    example: ClassVar[Mapping[str, Any]] = {"at_most": 0.2, "min_support": 4}
    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    at_most: float = Field(0.05, ge=0, lt=1)
    min_support: int = Field(100, ge=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at most {self.at_most:g}"
        mentions = mentions_in(frame.documents)
        if mentions is None or mentions.height < self.min_support:
            message = f"{0 if mentions is None else mentions.height} mentions: a share needs {self.min_support}"
            return self.verdict("not_judged", None, limit, message)
        counts = mentions.group_by("surface", "label").agg(n=pl.len())
        kinds = counts.filter(pl.col("surface").is_duplicated())
        order = kinds.sort("surface", "n", "label", descending=[False, True, False])
        minor = order.filter(~pl.col("surface").is_first_distinct())
        share = int(minor["n"].sum()) / mentions.height
        report = measure(frame.documents.num_rows, [Number("share", share, at_most=self.at_most)])
        message = (
            f"{minor['n'].sum()} of {mentions.height} mentions ({share:.2%}) have a label that is not the commonest "
        )
        message += f"one of their string; {kinds['surface'].n_unique()} strings have several"
        if report.outcome == "failed":
            message += ": look at the ids and settle the annotation guide"
        where = mentions.join(minor, on=["surface", "label"], how="semi", maintain_order="left")
        labels: dict[str, Json] = dict(sorted(where["label"].value_counts().rows(), key=str))
        ids = where["id"].unique(maintain_order=True).head(EVIDENCE_IDS).to_list()
        evidence: dict[str, Json] = {"minority_labels": labels, "ids": ids}
        return self.verdict(report.outcome, share, limit, report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame("LOC", "LOC", "LOC", "LOC", "ORG")

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame("LOC", "LOC", "LOC", "PER", "ORG")

    @classmethod
    def _frame(cls, *labels: str) -> Frame:
        return Frame(to_table(Document(str(n), "Oslo won", spans=(Span(0, 4, x),)) for n, x in enumerate(labels)))
