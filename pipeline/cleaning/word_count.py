"""Drops documents of too few or too many words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, model_validator

from pipeline.cleaning._refusing import RefusingStep
from pipeline.language.words import SPACED

if TYPE_CHECKING:
    import polars as pl


class WordCount(RefusingStep):
    """Keeps documents of `at_least` to `at_most` words: what stands between white space, and every Chinese character.

    50 to 100,000 as in Gopher (Rae et al. 2021, appendix A.1.1), for documents. Most sentences are shorter.

    >>> WordCount(at_least=4)(Document("a", "Anna met Bo.")).reason
    'the text has 3 words; word_count asks for 4 to 100000'
    """

    example: ClassVar[dict[str, Any]] = {"at_least": 3}

    at_least: int = Field(default=50, ge=0)
    at_most: int = Field(default=100_000, ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> WordCount:
        if self.at_least > self.at_most:
            raise ValueError(f"at_least {self.at_least} is more than at_most {self.at_most}")
        return self

    def measures(self, text: pl.Expr) -> dict[str, pl.Expr]:
        """The number of words."""
        return {"words": text.str.count_matches(SPACED)}

    def reason(self) -> pl.Expr:
        """The number, where it is outside of the bounds."""
        import polars as pl

        words = pl.col("words")
        said = pl.format(f"the text has {{}} words; word_count asks for {self.at_least} to {self.at_most}", words)
        return pl.when(~words.is_between(self.at_least, self.at_most)).then(said)
