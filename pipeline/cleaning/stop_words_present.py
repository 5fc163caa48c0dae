"""Drops documents without the small words that hold sentences together: lists of terms, tables, other languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from pipeline.cleaning._flagged import flag
from pipeline.cleaning._refusing import RefusingStep

if TYPE_CHECKING:
    import polars as pl

_OF_LANGUAGE = {
    "en": ("the", "be", "to", "of", "and", "that", "have", "with"),  # Gopher's eight
    "zh": ("的", "了", "是", "在", "和", "有", "不", "这", "也", "就", "我", "上", "为", "与", "对", "中"),
}


class StopWordsPresent(RefusingStep):
    """Keeps documents that hold at least `at_least` different words of a list, in any case.

    2 of the, be, to, of, and, that, have, with, as in Gopher (Rae et al. 2021, appendix A.1.1); for Chinese 2 of
    sixteen frequent characters, as parts of longer words too. `words` replaces both lists. Documents in another
    language are kept unjudged where no `words` are given. A rule for documents: many a sentence has fewer.

    >>> StopWordsPresent()(Document("a", "Cheap shoes, buy the shoes", "en")).reason
    'the text holds 1 of 8 stop words; stop_words_present asks for 2'
    """

    at_least: int = Field(default=2, ge=1)
    words: tuple[str, ...] | None = Field(default=None, min_length=1)

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows in a language with a list."""
        import polars as pl

        return text.is_not_null() if self.words else pl.col("language").is_in(list(_OF_LANGUAGE))

    def measures(self, text: pl.Expr) -> dict[str, pl.Expr]:
        """How many words of the list there are, and how long the list is."""
        import polars as pl

        if self.words:
            return {"found": _number(text, self.words), "of": pl.lit(len(self.words))}
        found, of = pl.lit(None, pl.UInt32), pl.lit(None, pl.UInt32)
        for language, words in _OF_LANGUAGE.items():
            here = pl.col("language") == language
            found = pl.when(here).then(_number(text, words)).otherwise(found)
            of = pl.when(here).then(len(words)).otherwise(of)
        return {"found": found, "of": of}

    def reason(self) -> pl.Expr:
        """The number, where it is too low."""
        import polars as pl

        limit = f"stop_words_present asks for {self.at_least}"
        said = pl.format(f"the text holds {{}} of {{}} stop words; {limit}", "found", "of")
        return pl.when(pl.col("found") < self.at_least).then(said)


def _number(text: pl.Expr, words: tuple[str, ...]) -> pl.Expr:
    import polars as pl

    return pl.sum_horizontal(text.str.contains(flag([word])).cast(pl.UInt32) for word in words)
