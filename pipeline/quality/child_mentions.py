"""What augmented documents name."""

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
from pipeline.types import Document, Json, Lineage, Span, Verdict


class ChildMentions(Gate):
    """Share (0 to 1) of the children's mentions that are no mention, of the same label, of a document without lineage.

    Swapping mentions and changing words around them makes none: one that is there has edges that were moved wrongly.
    An augmenter that misspells mentions on purpose needs a higher `at_most`. Not judged where no child has a mention.
    """

    example: ClassVar[Mapping[str, Any]] = {"at_most": 0.0}
    stages: ClassVar[tuple[str, ...]] = ("augmented",)

    at_most: float = Field(0.0, ge=0, lt=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at most {self.at_most:g}"
        made = pc.is_valid(frame.documents["lineage"])
        known = _mentions(frame.documents.filter(pc.invert(made)))
        children = _mentions(frame.documents.filter(made))
        if children.height == 0:
            return self.verdict("not_judged", None, limit, "no child has a mention: there is nothing to compare")
        strange = children.join(known, on=["label", "surface"], how="anti", maintain_order="left")
        share = strange.height / children.height
        report = measure(frame.documents.num_rows, [Number("share", share, at_most=self.at_most)])
        message = f"{strange.height} of {children.height} mentions of children ({share:.2%}) are none of an original"
        if report.outcome == "failed":
            message += ": look at the ids, the augmenter moves spans wrongly"
        evidence: dict[str, Json] = {"ids": strange["id"].unique(maintain_order=True).head(EVIDENCE_IDS).to_list()}
        return self.verdict(report.outcome, share, limit, report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(Span(0, 2, "PER"))

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(Span(1, 2, "PER"))

    @classmethod
    def _frame(cls, span: Span) -> Frame:
        parents = [Document(n, f"{n} left", spans=(Span(0, len(n), "PER"),), split="train") for n in ("Anna", "Bo")]
        lineage = Lineage("swap_entities", "{}", 13, ("Anna",))
        return Frame(to_table([*parents, Document("c", "Bo left", spans=(span,), split="train", lineage=lineage)]))


def _mentions(documents: pa.Table) -> pl.DataFrame:
    """One row a span, columns `id`, `label`, `surface`."""
    rows = pl.DataFrame(documents.select(["id", "text", "spans"])).filter(pl.col("spans").list.len() > 0)
    rows = rows.explode("spans").unnest("spans")
    surface = pl.col("text").str.slice(pl.col("start"), (pl.col("end") - pl.col("start")).clip(0))
    return rows.select("id", "label", surface=surface)
