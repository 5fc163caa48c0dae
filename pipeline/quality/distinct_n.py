"""How many of the n-grams are different ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from pipeline.errors import WrongUse
from pipeline.frames import Frame
from pipeline.quality import _diversity
from pipeline.quality._relative import Relative, varied
from pipeline.quality._sample import TokenSample


class DistinctN(Relative):
    """Different n-grams / all n-grams (Li et al. 2016), 0 to 1, at least `at_least` of the baseline; `n` 1 to 4.

    `against: originals` compares an augmented version with its documents without a lineage, at the same size. Default
    0.9 of the baseline: no clean sample was under 0.97, one quarter of copies gives 0.84. Default 0.7 of the originals:
    one child a document by swapped entities gives 0.73 to 0.78, by copying 0.55 to 0.59. Sampling and the other
    fields: pipeline/quality/_relative.py.
    """

    example: ClassVar[Mapping[str, Any]] = {"tokens": 100, "baseline": 0.9}
    named_by: ClassVar[tuple[str, ...]] = ("n",)

    n: int = Field(2, ge=1, le=4)
    at_least: float | None = Field(None, gt=0, le=1)
    against: Literal["baseline", "originals"] = "baseline"

    @property
    def _number(self) -> str:
        return f"distinct_{self.n}"

    def _measure(self, sample: TokenSample) -> float | None:
        return _diversity.distinct_n(sample.tokens, self.n)

    def _limit(self, baseline: float) -> float:
        default = 0.9 if self.against == "baseline" else 0.7
        return baseline * (default if self.at_least is None else self.at_least)

    def _baseline(self, documents: pa.Table, language: str) -> float:
        if self.against == "baseline":
            return super()._baseline(documents, language)
        value, sample = self._worse(documents.filter(pc.is_null(documents["lineage"])))
        if value is None or sample.size < self.tokens:
            raise WrongUse(f"the originals in {language!r} have {sample.size} tokens: set `tokens` to at most that")
        return value

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(varied(12))

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(varied(6) * 2)
