"""Rules about shares of lines. A line is what stands between line feeds and is not blank."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from pydantic import Field

from pipeline.cleaning._refusing import RefusingStep

if TYPE_CHECKING:
    import polars as pl

LINE = r"\S[^\n]*"
PARAGRAPH = r"\S[^\n]*(?:\n[^\S\n]*\S[^\n]*)*"  # lines without a blank one between them


class LinesStep(RefusingStep):
    """Counts the lines and the ones that a pattern matches; texts of fewer than `min_lines` lines are kept unjudged.

    The papers judge web pages. In a corpus of sentences every share of lines is 0 or 1.
    """

    min_lines: int = Field(default=3, ge=1)

    @property
    @abstractmethod
    def pattern(self) -> str:
        """Matches once in a line that counts."""

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows with enough line feeds."""
        if self.min_lines == 1:
            return text.is_not_null()
        return text.str.count_matches("\n", literal=True) >= self.min_lines - 1

    def measures(self, text: pl.Expr) -> dict[str, pl.Expr]:
        """Lines, and lines that count."""
        return {"lines": text.str.count_matches(LINE), "found": text.str.count_matches(self.pattern)}
