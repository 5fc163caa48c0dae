"""Whether a label is more frequent in one group's training text than in another's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import polars as pl

from pipeline.fairness._groups import UNKNOWN, span_rows
from pipeline.fairness._shares import ShareGate, with_every_label
from pipeline.fairness._training import roots, text_groups, training
from pipeline.frames import Frame, to_table
from pipeline.types import Document, Json, Verdict


class LabelGivenGroup(ShareGate):
    """The largest difference in P(label | group) between two groups of training texts, among all labels.

    In text classification the share of documents with the label; for spans, the share of a group's mentions that have
    it, or with `per: document` the share of its documents with one such mention or more. A text is in its own group,
    else in the one that its spans have (`inferred_gender`: texts that name women only, men only); with several it is
    `unknown`, which is no group.

    Of the 95 % interval of the difference, over root documents and all pairs and labels: failed where the lower bound
    is above `at_most`, or a `required` group has under `min_support` examples; passed where every upper bound is at
    most `tolerance`; else not judged. Groups with fewer are left out by name; two are needed, and two labels.
    """

    example: ClassVar[Mapping[str, Any]] = {"by": "domain", "at_most": 0.1, "tolerance": 0.3}
    stages: ClassVar[tuple[str, ...]] = ("clean", "splits", "augmented")
    named_by: ClassVar[tuple[str, ...]] = ("by",)

    per: Literal["mention", "document"] = "mention"

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        gold = self._examples(frame)
        labels = max(1, gold["label"].n_unique())
        counts = {group: n // labels for group, n in sorted(gold["group"].value_counts().rows())}
        unknown = counts.pop(UNKNOWN, 0)
        evidence: dict[str, Json] = {"counts": counts, "unknown": unknown}
        short = {group: counts.get(group, 0) for group in self.required if counts.get(group, 0) < self.min_support}
        if short and gold.height:
            message = f"of the required {self.by}, too few examples, {self.min_support} are needed: {short}: add text"
            return self.verdict("failed", None, self.limit, message, evidence)
        return self.compared(gold, self.by, "labels", evidence)

    def _examples(self, frame: Frame) -> pl.DataFrame:
        """A row for every label and document, mention, or document with mentions; `hit` where it has the label."""
        documents = training(frame.documents)
        texts = pl.DataFrame({"group": text_groups(documents, self.by), "unit": roots(documents)})
        if documents["label"].null_count < documents.num_rows:
            rows = texts.with_columns(label=pl.Series(documents["label"].to_pylist(), dtype=pl.String))
            return with_every_label(rows.drop_nulls("label"))
        spans = span_rows(documents["spans"])
        rows = texts[spans["row"].to_list()].with_columns(label=spans["label"], row=spans["row"])
        if self.per == "mention":
            return with_every_label(rows.drop("row"))
        annotated = texts.with_row_index("row").filter(pl.Series(documents["spans"].is_valid().to_pylist()))
        has = spans.select(pl.col("row").cast(pl.UInt32), "label", hit=pl.lit(1, pl.Int64)).unique()
        every = annotated.join(has.select("label").unique(), how="cross")
        return every.join(has, on=["row", "label"], how="left").with_columns(pl.col("hit").fill_null(0))

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(news=125, law=125)

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(news=200, law=50)

    @classmethod
    def _frame(cls, **positive: int) -> Frame:
        return Frame(
            to_table(
                Document(f"{g}{n}", "Fine.", label="good" if n < first else "bad", groups={"domain": g})
                for g, first in positive.items()
                for n in range(250)
            )
        )
