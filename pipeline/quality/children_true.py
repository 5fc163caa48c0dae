"""What augmentation made stays true to its parent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import Expectation, expect
from pipeline.types import Document, Json, Lineage, Span, Verdict

_LIMIT = "at most 0"


class ChildrenTrue(Gate):
    """Every child (a document with a lineage) has a known parent in this version, and agrees with it.

    Child and first parent are in the training split, have the same `group_id`, the same label and the same sequence of
    span labels; a parent has at most `at_most` children. Observed: children that are not so. A version without children
    passes and says so: `augmentation: []` is a variant like others.
    """

    example: ClassVar[Mapping[str, Any]] = {"at_most": 1}
    stages: ClassVar[tuple[str, ...]] = ("augmented",)

    at_most: int = Field(4, ge=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        rows = frame.documents.num_rows
        if rows == 0:
            return self.verdict("not_judged", None, _LIMIT, "there are no documents to judge")
        children = self._faults(frame)
        if children.height == 0:
            return self.verdict("passed", 0, _LIMIT, f"no child among {rows} documents: nothing was augmented")
        faultless = Expectation("ExpectColumnValuesToBeInSet", "fault", {"value_set": ["none"]})
        report = expect(children.to_arrow(), [faultless])
        faults: dict[str, Json] = {
            name: n for name, n in sorted(children["fault"].value_counts().rows()) if name != "none"
        }
        message = f"{report.unexpected} of {children.height} children do not agree with their parent"
        if faults:
            message += f" ({', '.join(f'{n}: {name}' for name, n in faults.items())}): mend the augmenter or its copies"
        evidence: dict[str, Json] = {"children": children.height, "faults": faults, "ids": list(report.ids)}
        return self.verdict(report.outcome, report.unexpected, _LIMIT, report.problem or message, evidence)

    def _faults(self, frame: Frame) -> pl.DataFrame:
        """One row a child, columns `id` and `fault`."""
        names = pl.col("spans").list.eval(pl.element().struct.field("label")).list.join(" ")
        rows = pl.DataFrame(frame.documents.select(["id", "group_id", "split", "label", "spans", "lineage"]))
        rows = rows.with_columns(labels=pl.concat_str(names, "label", separator="\n", ignore_nulls=True))
        parents = rows.select("id", "group_id", "split", "labels", known=pl.lit(value=True)).unique("id")
        children = (
            rows.filter(pl.col("lineage").is_not_null())
            .with_columns(all=pl.col("lineage").struct.field("parents"))
            .with_columns(parent=pl.col("all").list.first())
        )
        known = pl.col("all").list.eval(pl.element().is_in(parents["id"].implode())).list.all()
        joined = children.with_columns(
            every=known & (pl.col("all").list.len() > 0),
            siblings=pl.len().over("parent"),
        ).join(parents, left_on="parent", right_on="id", how="left", suffix="_of_parent")
        fault = (
            pl.when(~pl.col("every").fill_null(value=False) | (pl.col("id") == pl.col("parent")))
            .then(pl.lit("no known parent"))
            .when(~_is("split", "train") | ~_is("split_of_parent", "train"))
            .then(pl.lit("not in the training split"))
            .when(pl.col("group_id") != pl.col("group_id_of_parent"))
            .then(pl.lit("another group_id"))
            .when(pl.col("labels").ne_missing(pl.col("labels_of_parent")))
            .then(pl.lit("other labels"))
            .when(pl.col("siblings") > self.at_most)
            .then(pl.lit(f"more than {self.at_most} children of one parent"))
            .otherwise(pl.lit("none"))
        )
        return joined.select("id", fault=fault)

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
        parent = Document("a", "Anna left", group_id="g", spans=(Span(0, 4, "PER"),), split="train")
        made = Lineage("swap_entities", "{}", 13, ("a",))
        child = Document("a#1", "Bo left", group_id="g", spans=(Span(0, 2, label),), split="train", lineage=made)
        return Frame(to_table([parent, child]))


def _is(column: str, value: str) -> pl.Expr:
    return (pl.col(column) == value).fill_null(value=False)
