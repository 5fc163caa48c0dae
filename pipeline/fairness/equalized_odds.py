"""Whether a classifier errs more often on one group's documents than on another's, either way."""

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


class EqualizedOdds(GapGate):
    """The largest difference between two known groups in true or false positive rate (0 to 1) of a label.

    Equalized odds (Hardt, Price & Srebro, 2016, "Equality of Opportunity in Supervised Learning"): among documents with
    the label as many are given it in every group (TPR), and among those without it too (FPR). `label` names the label
    in question; without it every one is; of two only the first, from whose rates those of the other follow.
    Text classification with one label a document. Passed, failed and not judged as in `recall_gap`; TPR and FPR of all
    labels and pairs hold together.
    """

    example: ClassVar[Mapping[str, Any]] = {"by": "domain", "at_most": 0.05}
    remedy: ClassVar[str] = "add text of the group that is judged wrongly more often, or weigh its examples"

    label: str = Field("", max_length=200)

    @property
    def measured(self) -> str:
        """What is compared, as verdicts call it."""
        return "rate"

    def check(self, frame: Frame) -> Verdict:
        """Judge one checkpoint on its test documents."""
        missing = self.missing(frame, "label")
        if missing is not None:
            return missing
        both = classified(frame, self.by)
        known = sorted({*both["label"], *frame.labels})
        labels = [self.label] if self.label else known[:1] if len(known) == 2 else known
        if self.label and self.label not in known:
            return self.open(f"no document has the label {self.label!r}; there are {', '.join(known) or 'none'}")
        rates = [
            both.select(
                "group",
                "unit",
                label=pl.when(pl.col("label") == name).then(pl.lit(f"{name}, TPR")).otherwise(pl.lit(f"{name}, FPR")),
                hit=pl.col("found").eq_missing(pl.lit(name)).cast(pl.Int64),
            )
            for name in labels
        ]
        return self.compared(pl.concat(rates) if rates else _NOTHING, rows_each=max(1, len(labels)))

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return labelled(law=(0, 0), news=(0, 0))

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return labelled(law=(0, 0), news=(0, 40))


_NOTHING = pl.DataFrame(schema={"group": pl.String, "unit": pl.String, "label": pl.String, "hit": pl.Int64})
