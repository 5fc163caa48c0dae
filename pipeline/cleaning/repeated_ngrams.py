"""Drops documents that repeat phrases: key words stuffed in, templates, generated filler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from pipeline.cleaning import _repeats
from pipeline.cleaning._refusing import RefusingStep

if TYPE_CHECKING:
    import polars as pl

_Share = Annotated[float, Field(ge=0, le=1)]
_TOP = (2, 3, 4)
_REPEATED = (5, 6, 7, 8, 9, 10)
_CHINESE = 2  # characters a word: rjieba's have 1.94 in the People's Daily of January 1998, 1.67 in shop reviews


class RepeatedNgrams(RefusingStep):
    """Keeps documents in which no 2-, 3- or 4-gram of words makes up more than its share in `top` of the characters,
    and n-grams of 5 to 10 words that stood before not more than theirs in `repeated`, each character counted once.

    0.20, 0.18, 0.16 and 0.15 to 0.10 as in Gopher (Rae et al. 2021, table A1). In Chinese documents two
    characters count as a word: 4 to 8, and 10 to 20. Texts of fewer than `min_words` words are kept unjudged. White
    space and punctuation count nowhere. The slowest of these rules: put it after the others.

    >>> RepeatedNgrams(min_words=4)(Document("a", "buy now, buy now, buy now, please")).reason
    'one 2-gram makes up 18 of 24 characters; repeated_ngrams allows a share of 0.2'
    """

    example: ClassVar[dict[str, Any]] = {"min_words": 3}

    top: tuple[_Share, _Share, _Share] = (0.20, 0.18, 0.16)
    repeated: tuple[_Share, _Share, _Share, _Share, _Share, _Share] = (0.15, 0.14, 0.13, 0.12, 0.11, 0.10)
    min_words: int = Field(default=50, ge=2)

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows that may hold enough words."""
        return text.str.len_chars() >= self.min_words

    def measures(self, text: pl.Expr) -> dict[str, pl.Expr]:
        """The first share that is too high: what it is of, its characters, all characters, and the limit."""
        import polars as pl

        fields = {"what": pl.String, "part": pl.Int64, "whole": pl.Int64, "limit": pl.Float64}
        both = pl.struct(text.alias("text"), pl.col("language").alias("language"))
        return {"worst": both.map_batches(self._worst, return_dtype=pl.Struct(fields))}

    def reason(self) -> pl.Expr:
        """The characters, where they are too many."""
        import polars as pl

        worst = pl.col("worst").struct
        said = pl.format(
            "{} {} of {} characters; repeated_ngrams allows a share of {}",
            *(worst.field(name) for name in ("what", "part", "whole", "limit")),
        )
        return pl.when(worst.field("what").is_not_null()).then(said)

    def _worst(self, rows: pl.Series) -> pl.Series:
        import polars as pl

        frame = rows.struct.unnest().with_row_index("row")
        found: dict[int, dict[str, Any]] = {}
        for factor, chosen in ((1, pl.col("language") != "zh"), (_CHINESE, pl.col("language") == "zh")):
            some = frame.filter(chosen)
            at = 0
            for texts in _repeats.chunks(some["text"]):
                for i, worst in self._over(texts, factor).items():
                    found[some["row"][at + i]] = worst
                at += len(texts)
        none = dict.fromkeys(("what", "part", "whole", "limit"))
        schema = {"what": pl.String, "part": pl.Int64, "whole": pl.Int64, "limit": pl.Float64}
        return pl.DataFrame([found.get(i, none) for i in range(len(frame))], schema=schema).to_struct("worst")

    def _over(self, texts: pl.Series, factor: int) -> dict[int, dict[str, Any]]:
        """By place in the texts: the first measure that is over its limit."""
        pieces = _repeats.pieces(texts, self.min_words * factor)
        whole = pieces.characters()
        limits = dict(zip((*_TOP, *_REPEATED), (*self.top, *self.repeated), strict=True))
        found: dict[int, dict[str, Any]] = {}
        for size, places, hashes in _repeats.repeats(pieces, [n * factor for n in limits]):
            n = size // factor
            measure = _repeats.top_characters if n in _TOP else _repeats.repeated_characters
            part = measure(pieces, size, places, hashes)
            what = f"one {size}-gram makes up" if n in _TOP else f"{size}-grams that stood before hold"
            for i in np.flatnonzero(part > limits[n] * whole):
                row = {"what": what, "part": int(min(part[i], whole[i])), "whole": int(whole[i]), "limit": limits[n]}
                found.setdefault(int(i), row)
        return found
