"""Words cut in two by a space."""

from __future__ import annotations

from random import Random
from typing import ClassVar

from pydantic import Field

from pipeline.augmentation import Augmenter, Made, Refused, pieces_of
from pipeline.augmentation._eligible import eligible, some
from pipeline.types import Document, Edit


class SplitWords(Augmenter):
    """Cuts a share of the words outside of mentions in two, at least one: a space between two of its letters.

    The share is that of the words of at least `shortest` letters. For English: Chinese has no space inside of a word
    to get wrong. (What nlpaug's SplitAug does, which cuts mentions too.)

    >>> from pipeline.types import Span
    >>> doc = Document("a", "Anna arrived", "en", spans=(Span(0, 4, "PER"),))
    >>> split = SplitWords()
    >>> [child.text for child in split(doc, split.rng(doc))]
    ['Anna a rrived']
    """

    languages: ClassVar[tuple[str, ...]] = ("en",)

    share_of_words: float = Field(0.1, gt=0, le=1)
    shortest: int = Field(4, ge=2, le=100)

    def draw(self, doc: Document, rng: Random) -> Made:
        """The document with a space inside of each word drawn."""
        text, words = doc.text, eligible(doc, chars=self.shortest)
        if not words:
            raise Refused(f"there is no word of {self.shortest} letters outside of mentions")
        edits: list[Edit] = []
        for start, end in some(words, self.share_of_words, rng):
            at = start + 1 + int(rng.random() * (end - start - 1))
            if text[at - 1].isalpha() and text[at].isalpha():
                edits.append(Edit(at, at, " "))
        if not edits:
            raise Refused("no place between two letters was drawn")
        return Made(pieces_of(len(text), edits))
