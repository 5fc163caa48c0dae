"""Drops documents with many hash signs or ellipses for their words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from pipeline.cleaning._refusing import RefusingStep
from pipeline.language.words import SPACED

if TYPE_CHECKING:
    import polars as pl

_HASH = "[#＃]"
_ELLIPSIS = r"\.{3,}|…+"


class SymbolShare(RefusingStep):
    """Keeps documents with at most `at_most` hash signs, and at most as many ellipses, a word.

    0.1 as in Gopher (Rae et al. 2021, appendix A.1.1). An ellipsis is three or more dots, or a run of …, so the Chinese
    …… is one. A Chinese character counts as a word.

    >>> SymbolShare()(Document("a", "# one # two")).reason
    'the text has 2 hash signs and 0 ellipses for 4 words; symbol_share allows 0.1 of either a word'
    """

    at_most: float = Field(default=0.1, ge=0)

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows with a hash sign or an ellipsis."""
        return text.str.contains(rf"{_HASH}|…|\.\.\.")

    def measures(self, text: pl.Expr) -> dict[str, pl.Expr]:
        """Hash signs, ellipses, words."""
        return {
            "hashes": text.str.count_matches(_HASH),
            "ellipses": text.str.count_matches(_ELLIPSIS),
            "words": text.str.count_matches(SPACED),
        }

    def reason(self) -> pl.Expr:
        """The three numbers, where one of the symbols is too frequent."""
        import polars as pl

        said = pl.format(
            "the text has {} hash signs and {} ellipses for {} words; "
            f"symbol_share allows {self.at_most} of either a word",
            "hashes",
            "ellipses",
            "words",
        )
        return pl.when(pl.max_horizontal("hashes", "ellipses") > self.at_most * pl.col("words")).then(said)
