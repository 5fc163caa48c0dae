"""Drops documents that are mostly numbers and signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from pipeline.cleaning._refusing import RefusingStep
from pipeline.language.words import HAN, SPACED

if TYPE_CHECKING:
    import polars as pl

_WITH_LETTER = rf"[{HAN}]|[^\s{HAN}]*[\p{{Alphabetic}}--[{HAN}]][^\s{HAN}]*"


class AlphabeticWords(RefusingStep):
    """Keeps documents in which at least a share `at_least` of the words holds a letter. A Chinese character is a word
    and a letter; punctuation belongs to the word before it.

    0.8 as in Gopher (Rae et al. 2021, appendix A.1.1).

    >>> AlphabeticWords()(Document("a", "3 - 1 = 2 goals")).reason
    '1 of 6 words hold a letter; alphabetic_words asks for a share of 0.8'
    """

    at_least: float = Field(default=0.8, ge=0, le=1)

    def measures(self, text: pl.Expr) -> dict[str, pl.Expr]:
        """Words, and words with a letter."""
        return {"words": text.str.count_matches(SPACED), "found": text.str.count_matches(_WITH_LETTER)}

    def reason(self) -> pl.Expr:
        """The two numbers, where too few words hold a letter."""
        import polars as pl

        limit = f"alphabetic_words asks for a share of {self.at_least}"
        said = pl.format(f"{{}} of {{}} words hold a letter; {limit}", "found", "words")
        return pl.when(pl.col("found") < self.at_least * pl.col("words")).then(said)
