"""How many documents say four words in a row that another one says too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from pipeline.frames import Frame
from pipeline.quality import _diversity
from pipeline.quality._relative import Relative, varied
from pipeline.quality._sample import TokenSample


class SelfRepetition(Relative):
    """Share (0 to 1) of documents that share a 4-gram with another (Salkar et al. 2022), of those of four tokens.

    At most `at_most` above the baseline. Four Chinese characters in a row are often one word or name: there it starts
    high and has little room. Sampling and the other fields: pipeline/quality/_relative.py.
    """

    example: ClassVar[Mapping[str, Any]] = {"tokens": 100, "baseline": 0}
    _lowest: ClassVar[bool] = False

    at_most: float = Field(0.05, ge=0, lt=1)

    @property
    def _number(self) -> str:
        return "self_repetition"

    def _measure(self, sample: TokenSample) -> float | None:
        return _diversity.self_repetition(sample.tokens)

    def _limit(self, baseline: float) -> float:
        return baseline + self.at_most

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(varied(12))

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails: every text stands twice."""
        return cls._frame(varied(6) * 2)
