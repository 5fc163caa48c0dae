"""Whether every split represents the groups alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl

from pipeline.fairness._groups import UNKNOWN, document_groups, mentions
from pipeline.fairness._shares import ShareGate, with_every_label
from pipeline.fairness._training import roots
from pipeline.frames import Frame, to_table
from pipeline.types import Document, Json, Split, Verdict


class SplitShares(ShareGate):
    """The largest difference in a group's share (0 to 1) between two of train, validation and test.

    Shares are of the documents whose group is known; where no document has one but spans do, of the spans. `unknown` is
    reported and is no group. Of the 95 % interval of the difference, over root documents and all groups and pairs of
    splits: failed where the lower bound is above `at_most`, or a split lacks a `required` group; passed where every
    upper bound is at most `tolerance`; else not judged. A split with under `min_support` known ones is left out.
    """

    example: ClassVar[Mapping[str, Any]] = {"by": "domain", "at_most": 0.1, "tolerance": 0.3}
    stages: ClassVar[tuple[str, ...]] = ("splits",)
    named_by: ClassVar[tuple[str, ...]] = ("by",)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        rows = self._rows(frame)
        counts: dict[str, dict[str, int]] = {}
        for split, label, n in rows.group_by("group", "label").len().sort("group", "label").rows():
            counts.setdefault(split, {})[label] = n
        evidence: dict[str, Json] = {"counts": counts}
        missing = [f"{group} in {s}" for s, found in counts.items() for group in self.required if group not in found]
        if missing:
            message = f"a required {self.by} is missing: {', '.join(missing)}; stratify the split by it, or add text"
            return self.verdict("failed", None, self.limit, message, evidence)
        known = rows.filter(pl.col("label") != UNKNOWN)
        return self.compared(with_every_label(known), "splits", f"values of {self.by}", evidence)

    def _rows(self, frame: Frame) -> pl.DataFrame:
        """Group (`label`), split (`group`) and root document (`unit`) of each document, or span, that has a split."""
        documents = frame.documents
        of = pl.DataFrame(
            {"group": pl.Series(documents["split"].to_pylist(), dtype=pl.String), "unit": roots(documents)}
        )
        own = document_groups(documents, self.by)
        if (own == UNKNOWN).all():
            spans = mentions(documents, self.by)
            if (spans["group"] != UNKNOWN).any():
                of, own = of[spans["row"].to_list()], spans["group"]
        return of.with_columns(label=own).drop_nulls("group")

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(train=125, test=125)

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(train=200, test=50)

    @classmethod
    def _frame(cls, **news: int) -> Frame:
        splits: tuple[Split, ...] = ("train", "test")
        return Frame(
            to_table(
                Document(f"{s}{n}", "Fine.", groups={"domain": "news" if n < news[s] else "law"}, split=s)
                for s in splits
                for n in range(250)
            )
        )
