"""Drops documents with curly brackets: program code, templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from pipeline.cleaning._refusing import RefusingStep

if TYPE_CHECKING:
    import polars as pl


class CurlyBrackets(RefusingStep):
    """Keeps documents with at most `at_most` curly brackets, opening and closing ones counted.

    0 as in C4 (Raffel et al. 2020, section 2.2): natural text has none, many programming languages do.

    >>> CurlyBrackets()(Document("a", "int main() { }")).reason
    'the text has 2 curly brackets; curly_brackets allows 0'
    """

    at_most: int = Field(default=0, ge=0)

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows with a curly bracket."""
        return text.str.contains("[{}]")

    def measures(self, text: pl.Expr) -> dict[str, pl.Expr]:
        """The number of curly brackets."""
        return {"found": text.str.count_matches("[{}]")}

    def reason(self) -> pl.Expr:
        """The number, where it is too high."""
        import polars as pl

        said = pl.format(f"the text has {{}} curly brackets; curly_brackets allows {self.at_most}", "found")
        return pl.when(pl.col("found") > self.at_most).then(said)
