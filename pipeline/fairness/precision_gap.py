"""Whether what the checkpoint predicts is right less often for one group than for another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa

from pipeline.fairness._gaps import GapGate
from pipeline.fairness._groups import UNKNOWN
from pipeline.fairness._predictions import classified, predicted_mentions
from pipeline.frames import Frame, to_table
from pipeline.types import Document, Span, Verdict


class PrecisionGap(GapGate):
    """The largest difference in precision (0 to 1) between two known groups, among predictions of the same label.

    A prediction is a predicted mention, right where a gold mention has its start, end and label; in text classification
    it is a document's label. A wrong prediction has a group only as far as one can be known: `inferred_gender` and
    `inferred_origin` are inferred from the predicted text by the lexicon that named the gold mentions. Any other group
    is that of the gold mention that the prediction overlaps, else its document's: then a prediction that touches no
    mention is `unknown`, is counted in the message's evidence (`unknown`), and is in no group. Passed, failed and not
    judged as in `recall_gap`.
    """

    example: ClassVar[Mapping[str, Any]] = {"by": "gender", "at_most": 0.05}
    remedy: ClassVar[str] = "look at what is predicted wrongly (errors.jsonl) and add text of this group"

    @property
    def measured(self) -> str:
        """What is compared, as verdicts call it."""
        return "precision"

    def check(self, frame: Frame) -> Verdict:
        """Judge one checkpoint on its test documents."""
        missing = self.missing(frame, "spans", "label")
        if missing is not None or frame.predictions is None:
            return missing or self.open("there are no predictions")
        if "spans" in frame.predictions.column_names:
            rows = predicted_mentions(frame, self.by)
        else:
            both = classified(frame, self.by)
            hit = (pl.col("label") == pl.col("found")).cast(pl.Int64)
            rows = both.select("group", "unit", hit=hit, label="found").drop_nulls("label")
        unknown = rows.filter(pl.col("group") == UNKNOWN).height
        return self.compared(rows, said={"predictions": rows.height, "unknown": unknown})

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(wrong=0)

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(wrong=30)

    @classmethod
    def _frame(cls, wrong: int) -> Frame:
        docs = [
            Document(f"{g}{n}", "Anna Berg left", spans=(Span(0, 9, "PER", {"gender": g}),), split="test")
            for g in ("female", "male")
            for n in range(60)
        ]
        found = [[{"start": 0, "end": 4 if n < wrong else 9, "label": "PER"}] for n in range(len(docs))]
        kind = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())]))
        return Frame(to_table(docs), predictions=pa.table({"id": [d.id for d in docs], "spans": pa.array(found, kind)}))
