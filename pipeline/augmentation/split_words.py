"""Words cut in two by a space."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from pipeline.augmentation._assembled import Edits
from pipeline.augmentation._chunk import Chunk
from pipeline.augmentation._columnar import PLACES, Columnar, Keys, fractions, some, turns
from pipeline.augmentation._letters import LETTER
from pipeline.augmentation._ranges import Ranges, count


class SplitWords(Columnar):
    """Cuts a share of the words outside of mentions in two, at least one: a space between two of its letters.

    The share is that of the words of at least `shortest` letters. For English: Chinese has no space inside of a word
    to get wrong. (What nlpaug's SplitAug does, which cuts mentions too.)

    >>> from pipeline.types import Document, Span
    >>> doc = Document("a", "Anna arrived", "en", spans=(Span(0, 4, "PER"),))
    >>> split = SplitWords()
    >>> [child.text for child in split(doc, split.rng(doc))]
    ['Anna arrive d']
    """

    languages: ClassVar[tuple[str, ...]] = ("en",)

    share_of_words: float = Field(0.1, gt=0, le=1)
    shortest: int = Field(4, ge=2, le=100)

    def edits(self, chunk: Chunk, keys: Keys) -> Edits:
        """A space inside of each word drawn."""
        words = chunk.words(self.shortest)
        drawn = some(words, keys, self.share_of_words)
        where = fractions(keys, drawn.row, PLACES + turns(drawn, chunk.rows))
        at = drawn.start + 1 + (where * (drawn.end - drawn.start - 1)).astype(np.int64)
        left, right = chunk.beside(at, drawn.row)
        fits = left & right & LETTER > 0
        places = Ranges(drawn.row, at, at).where(fits)
        edits = Edits(places, [" "] * len(places))
        edits.refuse(count(words, chunk.rows) == 0, f"there is no word of {self.shortest} letters outside of mentions")
        edits.refuse(edits.nothing_in(chunk.rows), "no place between two letters was drawn")
        return edits
