"""How much shorter the text is once what repeats is written once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from pipeline.frames import Frame
from pipeline.quality import _diversity
from pipeline.quality._relative import Relative, varied
from pipeline.quality._sample import TokenSample


class XzRatio(Relative):
    """Bytes of UTF-8 / bytes after xz (preset 6), at most `at_most` of the baseline.

    xz and not gzip: with one quarter of copies in 13,800 sentences xz goes from 2.88 to 3.53, gzip, whose window is
    32 KiB, from 2.230 to 2.238. Sampling and the other fields: pipeline/quality/_relative.py.
    """

    example: ClassVar[Mapping[str, Any]] = {"tokens": 100, "baseline": 1.8}
    _lowest: ClassVar[bool] = False

    at_most: float = Field(1.1, ge=1)

    @property
    def _number(self) -> str:
        return "xz_ratio"

    def _measure(self, sample: TokenSample) -> float | None:
        return _diversity.xz_ratio(sample.texts)

    def _limit(self, baseline: float) -> float:
        return baseline * self.at_most

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(varied(12))

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails: three texts, four times each."""
        return cls._frame(varied(3) * 4)
