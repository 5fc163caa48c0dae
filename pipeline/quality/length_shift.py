"""How far the lengths of texts are from those of the reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from pipeline.frames import Frame, to_table
from pipeline.quality._expectations import Number, measure
from pipeline.quality._learnt import Learnt
from pipeline.types import Document, Json, Split, Verdict

_QUANTILES = (0.01, 0.1, 0.5, 0.9, 0.99)


class LengthShift(Learnt):
    """Kolmogorov-Smirnov distance (0 to 1) of the lengths of judged texts, in characters, from the reference's.

    The largest difference between the shares of texts up to any length. Two samples of 1,500 from the same texts stay
    under 0.071 in 99.9 % of cases (Smirnov 1948). Texts that were cut, glued together or taken from another medium
    differ. Fields and sampling: pipeline/quality/_learnt.py.
    """

    example: ClassVar[Mapping[str, Any]] = {"min_support": 20, "at_most": 0.4}
    requirements: ClassVar[tuple[str, ...]] = ("representative",)

    at_most: float = Field(0.15, gt=0, lt=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at most {self.at_most:g}"
        theirs, rows, problem = self._sides(frame, _lengths)
        if theirs is None:
            return self.verdict("not_judged", None, limit, problem, self._facts())
        ours = _lengths(rows)
        every = np.union1d(theirs, ours)
        shares = [np.searchsorted(side, every, "right") / len(side) for side in (theirs, ours)]
        gaps = np.abs(shares[0] - shares[1])
        distance, at = float(gaps.max()), int(every[gaps.argmax()])
        report = measure(len(ours), [Number("distance", distance, at_most=self.at_most)])
        message = f"{shares[1][gaps.argmax()]:.1%} of the texts of {self.judged} have {at} characters or fewer, "
        message += f"{shares[0][gaps.argmax()]:.1%} of {self.reference}"
        if report.outcome == "failed":
            message += ": were texts cut, or do they come from elsewhere?"
        quantiles = {
            name: np.quantile(side, _QUANTILES).tolist() for name, side in (("theirs", theirs), ("ours", ours))
        }
        evidence: dict[str, Json] = {**self._facts(), "quantiles": list(_QUANTILES), **quantiles}
        return self.verdict(report.outcome, distance, limit, report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(lambda n: n)

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(lambda _: 10)

    @classmethod
    def _frame(cls, length: Any) -> Frame:
        sides: tuple[tuple[Split, Any], ...] = (("train", lambda n: n), ("test", length))
        return Frame(to_table(Document(f"{s}{n}", "a" * size(n), split=s) for s, size in sides for n in range(1, 31)))


def _lengths(rows: pl.DataFrame) -> Any:
    return rows["text"].str.len_chars().sort().to_numpy()
