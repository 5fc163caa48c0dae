"""What the model is tested on, it has not been trained on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from pipeline.duplicates import repeated_keys
from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.leakage import near
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.types import Document, Json, Verdict

_HELD_OUT = pl.col("split").is_in(["validation", "test"])


class NoLeakage(Gate):
    """Share (0 to 1) of validation and test texts that stand in train too; and no `group_id` in two splits at all.

    Texts are compared after NFKC, case folding and without white space. `near_at_most` is for those that are nearly in
    train: a Jaccard similarity of at least 0.5 (`pipeline/leakage.py`), the same texts not counted again. Limits above
    the defaults are for published benchmarks that are kept as they came. Not judged without a train split or without a
    held-out one.
    """

    example: ClassVar[Mapping[str, Any]] = {"at_most": 0.0}
    stages: ClassVar[tuple[str, ...]] = ("splits",)

    at_most: float = Field(0.0, ge=0, le=1)
    near_at_most: float = Field(0.001, ge=0, le=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at most {self.at_most:g}"
        rows = pl.DataFrame(frame.documents.select(["id", "group_id", "split"]))
        rows = rows.with_columns(key=repeated_keys(frame.documents["text"]))
        train, held_out = rows.filter(pl.col("split") == "train"), rows.filter(_HELD_OUT)
        if train.height == 0 or held_out.height == 0:
            what = "train" if train.height == 0 else "validation and no test"
            return self.verdict("not_judged", None, limit, f"no {what} split: there is nothing to compare")
        leaked = held_out.join(train.unique("key"), on="key", how="inner", suffix="_train", maintain_order="left")
        group = pl.when(pl.col("group_id") == "").then("id").otherwise("group_id")
        spread = (
            rows.filter(pl.col("split").is_not_null()).group_by(group.alias("group")).agg(pl.col("split").n_unique())
        )
        groups = spread.filter(pl.col("split") > 1)["group"].sort()
        share = leaked.height / held_out.height
        alike = self._nearly(frame, rows, leaked)
        near_share = alike.height / held_out.height
        numbers = [
            Number("share", share, at_most=self.at_most),
            Number("near", near_share, at_most=self.near_at_most),
            Number("groups", len(groups), at_most=0),
        ]
        report = measure(rows.height, numbers)
        message = (
            f"{leaked.height} of {held_out.height} validation and test texts ({share:.2%}) stand in train too, "
            f"{alike.height} more ({near_share:.2%}, limit {self.near_at_most:.2%}) nearly, "
            f"{len(groups)} groups are in two splits"
        )
        if report.outcome == "failed":
            message += (
                "; let `split` divide and deduplicate, or for an official split raise the limits and show the numbers"
            )
        pairs = leaked.select("id", "split", train_id="id_train").head(EVIDENCE_IDS).to_dicts()
        evidence: dict[str, Json] = {"ids": pairs, "groups": groups.head(EVIDENCE_IDS).to_list()}
        evidence |= {"held_out": held_out.height, "leaked": leaked.height, "nearly": alike.height}
        if alike.height:
            evidence["near"] = alike.head(EVIDENCE_IDS).to_dicts()
        return self.verdict(report.outcome, share, limit, report.problem or message, evidence)

    @staticmethod
    def _nearly(frame: Frame, rows: pl.DataFrame, leaked: pl.DataFrame) -> pl.DataFrame:
        """Held-out documents that are similar to one of train and not in it: `id`, `train_id`, `similarity`."""
        rows = rows.with_row_index("at")
        same = pl.col("id").is_in(leaked["id"].implode())
        train, held_out = (rows.filter(which)["at"] for which in (pl.col("split") == "train", _HELD_OUT & ~same))
        pairs = near(frame.documents, train, held_out)
        found = {"id": rows["id"].gather(pairs.right), "train_id": rows["id"].gather(pairs.left)}
        return pl.DataFrame({**found, "similarity": pairs.similarity}).sort(
            "similarity", "id", descending=[True, False]
        )

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame("Bo met Anna.")

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame("ANNA  met Bo.")

    @classmethod
    def _frame(cls, text: str) -> Frame:
        train = Document("a", "Anna met Bo.", group_id="a", split="train")
        return Frame(to_table([train, Document("b", text, group_id="b", split="test")]))
