"""How much of the training text each group has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from pipeline.fairness._groups import UNKNOWN, document_groups, mentions
from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.types import Document, Json, Verdict


class GroupShare(Gate):
    """The smallest group's share (0 to 1) of the training documents whose group is known.

    Where no document has the group but spans do (a name's gender), spans are counted instead. All documents count where
    none has a split yet. `unknown` is reported and is no group. A `required` group that is missing fails. Not judged:
    fewer than `min_support` known ones, or one group alone (then `required` says what is missing).
    """

    example: ClassVar[Mapping[str, Any]] = {"by": "domain", "at_least": 0.1}
    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")
    named_by: ClassVar[tuple[str, ...]] = ("by",)

    by: str = Field(min_length=1)
    at_least: float = Field(0.05, gt=0, le=0.5)
    required: tuple[str, ...] = ()
    min_support: int = Field(20, ge=2)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at least {self.at_least:g}"
        unit, groups = self._groups(frame.documents)
        counts = dict(sorted(Counter(groups.to_list()).items()))
        unknown = counts.pop(UNKNOWN, 0)
        known = sum(counts.values())
        evidence: dict[str, Json] = {"unit": unit, "counts": counts, "unknown": unknown}
        missing = [g for g in self.required if g not in counts]
        if missing and groups.len():
            message = f"no {unit} of the required {self.by} {', '.join(missing)}: add text that has it"
            return self.verdict("failed", 0.0, limit, message, evidence)
        if known < self.min_support or len(counts) < 2:
            message = f"{known} {unit}s with a known {self.by} in {len(counts)} groups ({unknown} unknown): "
            message += f"a share needs {self.min_support} of them and two groups"
            return self.verdict("not_judged", None, limit, message, evidence)
        shares = {g: n / known for g, n in counts.items()}
        evidence["shares"] = shares
        smallest = min(shares, key=lambda g: shares[g])
        message = f"{self.by} {smallest} has {shares[smallest]:.1%} of {known} {unit}s, the smallest share; "
        message += f"{unknown} more have no known {self.by}"
        if shares[smallest] >= self.at_least:
            return self.verdict("passed", shares[smallest], limit, message, evidence)
        message += ": add text of this group, or say in the recipe why less is enough"
        return self.verdict("failed", shares[smallest], limit, message, evidence)

    def _groups(self, documents: pa.Table) -> tuple[str, pl.Series]:
        """The unit that is counted, and the group of each; `unknown` where there is none."""
        if documents["split"].null_count < documents.num_rows:
            documents = documents.filter(pc.equal(documents["split"], "train"))
        groups = document_groups(documents, self.by)
        if (groups == UNKNOWN).all():
            spans = mentions(documents, self.by)["group"]
            if (spans != UNKNOWN).any():
                return "span", spans
        return "document", groups

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(["news"] * 18 + ["law"] * 2)

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(["news"] * 19 + ["law"])

    @classmethod
    def _frame(cls, groups: list[str]) -> Frame:
        return Frame(to_table(Document(str(n), "Anna.", groups={"domain": g}) for n, g in enumerate(groups)))
