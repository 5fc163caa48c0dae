"""Takes stop words out of a text that only a bag-of-words view will read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from pipeline.cleaning import CleaningStep
from pipeline.language import words as view
from pipeline.types import Document, Edit, Range, Rejected

if TYPE_CHECKING:
    import polars as pl


class RemoveStopWords(CleaningStep):
    """Removes the stop words of the document's language: those of stopwordsiso (extra `language`), or the list `words`.
    Chinese words are found by rjieba. What a span covers is not removed.

    For bag-of-words views. An encoder reads the small words too, so a recipe that fine-tunes one on such a corpus does
    not load, unless `even_for_an_encoder` is true. The removal is repeated until nothing is left to remove: Chinese
    words stand otherwise once one between them is gone.

    >>> RemoveStopWords(words=["the", "on"])(Document("a", "The cat sat on the mat.", "en")).text
    ' cat sat   mat.'
    """

    for_encoders: ClassVar[bool] = False
    example: ClassVar[dict[str, Any]] = {"words": ["the", "no", "at", "b", "中", "了", "很"]}

    words: tuple[str, ...] | None = Field(default=None, min_length=1)
    even_for_an_encoder: bool = False

    def rewrites(self, text: pl.Expr) -> pl.Expr:
        """The same for texts without spans."""
        import polars as pl

        def removed(rows: pl.Series) -> pl.Series:
            pairs = rows.struct.unnest().iter_rows()
            return pl.Series("text", [self._removed(*pair) for pair in pairs], pl.String)

        both = pl.struct(text.alias("text"), pl.col("language").alias("language"))
        return both.map_batches(removed, return_dtype=pl.String)

    def __call__(self, doc: Document) -> Document | Rejected:
        """The document without stop words outside of its spans."""
        result: Document | Rejected = doc
        while isinstance(result, Document):
            kept = [(span.start, span.end) for span in result.spans or ()]
            edits = self._edits(result.text, result.language, kept)
            if not edits:
                break
            result = result.edited(edits)
        return result

    def _removed(self, text: str, language: str) -> str:
        while edits := self._edits(text, language):
            pieces, at = [], 0
            for edit in edits:
                pieces += [text[at : edit.start], edit.text]
                at = edit.end
            text = "".join([*pieces, text[at:]])
        return text

    def _edits(self, text: str, language: str, kept: Sequence[Range] = ()) -> list[Edit]:
        """Takes out every unwanted word that overlaps no kept range; a space where two characters would meet."""
        unwanted = self._unwanted(language)
        ends = [end for _, end in kept]
        gone: list[Range] = []
        for start, end in view.tokens(text, language):
            n = bisect_right(ends, start)
            if text[start:end].lower() not in unwanted or (n < len(kept) and kept[n][0] < end):
                continue
            gone.append((gone.pop()[0] if gone and gone[-1][1] == start else start, end))
        return [Edit(a, b, "" if _parted(text, a, b) else " ") for a, b in gone]

    def _unwanted(self, language: str) -> Collection[str]:
        return view.stop_words(language) if self.words is None else _lower(self.words)


@cache
def _lower(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word.lower() for word in words)


def _parted(text: str, start: int, end: int) -> bool:
    """White space or an edge of the text stands beside the range."""
    return start == 0 or end == len(text) or text[start - 1].isspace() or text[end].isspace()
