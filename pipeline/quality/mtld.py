"""How long the text goes on before its words repeat."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any, ClassVar

from pydantic import Field

from pipeline.frames import Frame
from pipeline.quality import _diversity
from pipeline.quality._relative import Relative, varied
from pipeline.quality._sample import TokenSample


class Mtld(Relative):
    """Measure of textual lexical diversity, in tokens (McCarthy and Jarvis 2010), at least `at_least` of the baseline.

    The mean length of a stretch in which 72 of 100 tokens are different ones, over the sample in hash order. It sees a
    small vocabulary, hardly copies. Sampling and the other fields: pipeline/quality/_relative.py.
    """

    example: ClassVar[Mapping[str, Any]] = {"tokens": 100, "baseline": 50}

    at_least: float = Field(0.8, gt=0, le=1)

    @property
    def _number(self) -> str:
        return "mtld"

    def _measure(self, sample: TokenSample) -> float | None:
        return _diversity.mtld(list(chain.from_iterable(sample.tokens)))

    def _limit(self, baseline: float) -> float:
        return baseline * self.at_least

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes: only its last document repeats what was said."""
        return cls._frame([*varied(7), *varied(4)])

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails: two words, over and over."""
        return cls._frame(["so it is so it is so it is so"] * 12)
