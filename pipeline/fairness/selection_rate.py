"""Whether one group's documents are given a favourable label more often than another's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from pipeline.fairness._gaps import GapGate
from pipeline.fairness._planted import labelled
from pipeline.fairness._predictions import classified
from pipeline.frames import Frame
from pipeline.types import Verdict


class SelectionRate(GapGate):
    """The largest difference between two known groups in the share of documents (0 to 1) that are given one label.

    Demographic parity difference for the `favourable` label, whatever the gold label is: a difference may be in the
    data, and `label_given_group` measures that before training. For extraction it means nothing (how often a group is
    mentioned is a fact of the text). Passed, failed and not judged as in `recall_gap`.
    """

    example: ClassVar[Mapping[str, Any]] = {"by": "domain", "favourable": "good", "at_most": 0.05, "tolerance": 0.2}
    named_by: ClassVar[tuple[str, ...]] = ("by", "favourable")
    remedy: ClassVar[str] = "compare it with label_given_group: what stands in the training data, the model learns"

    favourable: str = Field(min_length=1)

    @property
    def measured(self) -> str:
        """What is compared, as verdicts call it."""
        return "selection rate"

    def check(self, frame: Frame) -> Verdict:
        """Judge one checkpoint on its test documents."""
        missing = self.missing(frame, "label")
        if missing is not None:
            return missing
        both = classified(frame, self.by)
        known = sorted({*both["label"], *both["found"].drop_nulls(), *frame.labels})
        if self.favourable not in known:
            return self.open(f"there is no label {self.favourable!r}; there are {', '.join(known) or 'none'}")
        hit = pl.col("found").eq_missing(pl.lit(self.favourable)).cast(pl.Int64)
        return self.compared(both.select("group", "unit", label=pl.lit(self.favourable), hit=hit))

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return labelled(law=(0, 0), news=(0, 0))

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return labelled(law=(0, 0), news=(0, 60))
