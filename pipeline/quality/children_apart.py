"""What augmentation made is told from what the model is tested on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from pipeline.duplicates import text_keys
from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.leakage import near
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.types import Document, Json, Lineage, Verdict


class ChildrenApart(Gate):
    """Share (0 to 1) of children whose text, or nearly their text, is held out or stands twice in the training text.

    Texts are the same after NFKC, case folding and without white space; nearly the same is a Jaccard similarity of at
    least 0.5 to a document of validation or test (`pipeline/leakage.py`). Every recipe has this gate; the limit is 0,
    since the stage drops such children. A version without children passes; without held-out documents it is not judged.
    """

    example: ClassVar[Mapping[str, Any]] = {"at_most": 0.0}
    stages: ClassVar[tuple[str, ...]] = ("augmented",)

    at_most: float = Field(0.0, ge=0, lt=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at most {self.at_most:g}"
        if not frame.documents.num_rows:
            return self.verdict("not_judged", None, limit, "there are no documents to judge")
        made = pc.is_valid(frame.documents["lineage"])
        children, originals = frame.documents.filter(made), frame.documents.filter(pc.invert(made))
        if not children.num_rows:
            return self.verdict(
                "passed", 0, limit, f"no child among {originals.num_rows} documents: nothing was augmented"
            )
        if frame.held_out is None or not frame.held_out.num_rows:
            return self.verdict("not_judged", None, limit, "there is no held-out document to compare with")
        keys = text_keys(children["text"])
        same = keys.is_duplicated() | keys.is_in(text_keys(originals["text"]).unique().implode())
        held = keys.is_in(text_keys(frame.held_out["text"]).unique().implode())
        both = pa.concat_tables([children, frame.held_out])
        rows = pl.int_range(both.num_rows, eager=True)
        pairs = near(both, rows[children.num_rows :], rows[: children.num_rows])
        ids = pl.Series(children["id"], dtype=pl.String)
        close = rows[: children.num_rows].is_in(pl.Series(pairs.right).unique().implode())
        wrong = same | held | close
        share = int(wrong.sum()) / len(ids)
        report = measure(len(ids), [Number("share", share, at_most=self.at_most)])
        message = (
            f"of {len(ids)} children {int(held.sum())} have the text of a held-out document, {int(close.sum())} "
            f"nearly, {int(same.sum())} that of another training document"
        )
        if report.outcome == "failed":
            message += "; materialize `augmented` again, it drops such children"
        evidence: dict[str, Json] = {"ids": ids.filter(wrong).head(EVIDENCE_IDS).to_list()}
        return self.verdict(report.outcome, share, limit, report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame("Cy stayed in the office")

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame("bo WENT home early today")

    @classmethod
    def _frame(cls, text: str) -> Frame:
        parent = Document("a", "Anna went home early today", split="train")
        child = Document("c", text, split="train", lineage=Lineage("x", "{}", 13, ("a",)))
        return Frame(
            to_table([parent, child]), held_out=to_table([Document("h", "Bo went home early today", split="test")])
        )
