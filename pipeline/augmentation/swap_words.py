"""Neighbouring words in each other's place."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from pydantic import Field

from pipeline.augmentation import Augmenter, Made, Refused, pieces_of
from pipeline.augmentation._clauses import clauses, negated
from pipeline.augmentation._eligible import eligible
from pipeline.augmentation._joining import runs_together, spaced
from pipeline.composing import in_word
from pipeline.types import Document, Edit, Range


class SwapWords(Augmenter):
    """Puts pairs of neighbouring words outside of mentions in each other's place, until a share of the words has moved.

    At least one pair, and no word twice. Between the two is nothing but white space, which stays as it is (in Chinese
    nothing). In a document with a label the clause of a negation stays as it is. (Random swap: Wei and Zou, 2019,
    "EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification Tasks"; of neighbours only,
    because a word that travels far crosses mentions.)

    >>> from pipeline.types import Span
    >>> doc = Document("a", "Anna came home", "en", spans=(Span(0, 4, "PER"),))
    >>> swap = SwapWords()
    >>> [child.text for child in swap(doc, swap.rng(doc))]
    ['Anna home came']
    """

    share_of_words: float = Field(0.2, gt=0, le=1)

    def draw(self, doc: Document, rng: Random) -> Made:
        """The document with the pairs drawn exchanged."""
        words = eligible(doc)
        if doc.label is not None:
            said = [clause for clause in clauses(doc) if negated(doc, *clause)]
            words = [(a, b) for a, b in words if not any(start <= a < end for start, end in said)]
        most = max(1, round(len(words) * self.share_of_words / 2))
        pairs = list(pairwise(words))
        moved: set[int] = set()
        edits: list[Edit] = []
        while pairs:
            number = int(rng.random() * len(pairs))
            left, right = pairs[number]
            pairs[number] = pairs[-1]  # drawn once only; the order does not matter
            pairs.pop()
            if not moved.isdisjoint((left[0], right[0], right[1])):
                continue  # moved already, or it touches what has moved
            other = _exchanged(doc, left, right)
            if other is not None:
                edits.append(Edit(left[0], right[1], other))
                moved.update((left[0], right[0], right[1]))
                if len(edits) == most:
                    break
        if not edits:
            raise Refused("no two different words stand side by side outside of mentions")
        return Made(pieces_of(len(doc.text), edits))


def _exchanged(doc: Document, left: Range, right: Range) -> str | None:
    """Both words with the white space between them; None where they are no pair."""
    text, between = doc.text, doc.text[left[1] : right[0]]
    first, second = text[left[0] : left[1]], text[right[0] : right[1]]
    if first == second or (between and not between.isspace()):
        return None
    if not between and (spaced(doc.language) or _word(first[-1], second[0]) or _word(second[-1], first[0])):
        return None
    other = second + between + first
    if runs_together(text, left[0], right[1], text[left[0] : right[1]]) or runs_together(
        text, left[0], right[1], other
    ):
        return None
    return other


def _word(before: str, after: str) -> bool:
    return in_word(before) and in_word(after)
