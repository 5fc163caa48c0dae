"""Drops documents whose words are too short or too long on average."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from pipeline.cleaning._refusing import RefusingStep
from pipeline.language.words import SPACED, UNSPACED

if TYPE_CHECKING:
    import polars as pl


class MeanWordLength(RefusingStep):
    """Keeps documents whose words have `at_least` to `at_most` characters on average, punctuation at a word included.

    3 to 10 as in Gopher (Rae et al. 2021, appendix A.1.1). Documents in languages that put no white space between
    words (Chinese, Japanese, Thai and others) are kept unjudged.

    >>> MeanWordLength()(Document("a", "a b c d", "en")).reason
    'the mean word length is 1.0 characters (4 in 4 words); mean_word_length asks for 3.0 to 10.0'
    """

    at_least: float = Field(default=3.0, ge=0)
    at_most: float = Field(default=10.0, ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> MeanWordLength:
        if self.at_least > self.at_most:
            raise ValueError(f"at_least {self.at_least} is more than at_most {self.at_most}")
        return self

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows in languages with white space between words."""
        import polars as pl

        return ~pl.col("language").is_in(UNSPACED)

    def measures(self, text: pl.Expr) -> dict[str, pl.Expr]:
        """Words, characters in them, and whether the language is judged."""
        import polars as pl

        return {
            "words": text.str.count_matches(SPACED),
            "characters": text.str.len_chars() - text.str.count_matches(r"\s"),
            "judged": ~pl.col("language").is_in(UNSPACED),
        }

    def reason(self) -> pl.Expr:
        """The mean, where it is outside of the bounds."""
        import polars as pl

        words, characters = pl.col("words"), pl.col("characters")
        outside = (characters < self.at_least * words) | (characters > self.at_most * words)
        limits = f"mean_word_length asks for {self.at_least} to {self.at_most}"
        said = pl.format(
            f"the mean word length is {{}} characters ({{}} in {{}} words); {limits}",
            (characters / words).round(2),
            characters,
            words,
        )
        return pl.when(pl.col("judged") & outside).then(said)
