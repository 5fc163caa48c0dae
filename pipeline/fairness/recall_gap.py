"""Whether the checkpoint finds one group's mentions less often than another's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pyarrow as pa

from pipeline.fairness._gaps import GapGate
from pipeline.fairness._metric_frame import examples
from pipeline.frames import Frame, to_table
from pipeline.types import Document, Span, Verdict


class RecallGap(GapGate):
    """The largest difference in recall (0 to 1) between two known groups, among gold examples with the same label.

    Examples are gold mentions, or documents in text classification; `unknown` is reported and is no group. Of the 95 %
    interval of the gap's size (`_metric_frame.gaps`):

    - failed: the lower bound is above `at_most` for some pair; or a `required` group has under `min_support` examples;
    - passed: the upper bound is at most `tolerance` for every pair;
    - not judged: anything between ("inconclusive": the numbers are in the message), no predictions, one known group, or
      a group with under `min_support` examples. Why a gap that cannot be ruled out does not pass: `_gaps.py`.
    """

    example: ClassVar[Mapping[str, Any]] = {"by": "gender", "at_most": 0.05}

    def check(self, frame: Frame) -> Verdict:
        """Judge one checkpoint on its test documents."""
        return self.missing(frame, "spans", "label") or self.compared(examples(frame, self.by))

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(misses=0)

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(misses=30)

    @classmethod
    def _frame(cls, misses: int) -> Frame:
        docs = [
            Document(
                f"{g}{n}", "Anna left", group_id=f"{g}{n}", spans=(Span(0, 4, "PER", {"gender": g}),), split="test"
            )
            for g in ("female", "male")
            for n in range(60)
        ]
        hit = {"start": 0, "end": 4, "label": "PER", "score": 0.9}
        found = [[] if n < misses else [hit] for n in range(len(docs))]
        predictions = pa.table({"id": [d.id for d in docs], "spans": pa.array(found, _PREDICTED)})
        return Frame(to_table(docs), predictions=predictions, labels=("PER",))


_PREDICTED = pa.list_(
    pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string()), ("score", pa.float32())])
)
