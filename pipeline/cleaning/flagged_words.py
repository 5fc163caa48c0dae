"""Drops documents that hold words of a list: filler text, cookie notices, whatever a recipe will not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from pipeline.cleaning._flagged import flag
from pipeline.cleaning._lines import LINE
from pipeline.cleaning._refusing import RefusingStep

if TYPE_CHECKING:
    import polars as pl

_Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class FlaggedWords(RefusingStep):
    """Keeps documents in which at most a share `at_most` of the lines holds one of `words`: whole words, in any case; a
    space in a word stands for any white space of a line; Chinese words are found inside of longer ones.

    "lorem ipsum" as in C4 (Raffel et al. 2020, section 2.2), which also drops lines with "javascript": `words:
    [javascript], at_most: 0.1` drops pages that are full of them.

    >>> FlaggedWords()(Document("a", "Lorem ipsum dolor\\nsit amet")).reason
    "1 of 2 lines hold a flagged word, first 'lorem ipsum'; flagged_words allows a share of 0.0"
    """

    words: tuple[_Word, ...] = Field(default=("lorem ipsum",), min_length=1)
    at_most: float = Field(default=0.0, ge=0, lt=1)

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows with a flagged word."""
        return text.str.contains(flag(self.words))

    def measures(self, text: pl.Expr) -> dict[str, pl.Expr]:
        """Lines, lines with a flagged word, and the first word of the list that is there."""
        import polars as pl

        lines = text.str.extract_all(LINE)
        found = lines.list.eval(pl.element().str.contains(flag(self.words)))
        names = [pl.when(text.str.contains(flag([word]))).then(pl.lit(word)) for word in self.words]
        return {"lines": lines.list.len(), "found": found.list.sum(), "word": pl.coalesce(names)}

    def reason(self) -> pl.Expr:
        """The two numbers and the word, where too many lines hold one."""
        import polars as pl

        limit = f"flagged_words allows a share of {self.at_most}"
        said = pl.format(f"{{}} of {{}} lines hold a flagged word, first '{{}}'; {limit}", "found", "lines", "word")
        return pl.when(pl.col("found") > self.at_most * pl.col("lines")).then(said)
