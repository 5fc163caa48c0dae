"""Neighbouring words in each other's place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.augmentation._assembled import Edits
from pipeline.augmentation._chunk import Chunk
from pipeline.augmentation._clauses import clauses, negated
from pipeline.augmentation._columnar import Columnar, Keys, fewest, fractions, turns
from pipeline.augmentation._letters import JOINS, SPACE
from pipeline.augmentation._ranges import Numbers, Ranges, Truths, count
from pipeline.types import Document, Span


class SwapWords(Columnar):
    """Puts pairs of neighbouring words outside of mentions in each other's place, until a share of the words has moved.

    At least one pair, and no word twice. Between the two is nothing but white space, which stays as it is (in Chinese
    nothing). In a document with a label the clause of a negation stays as it is. (Random swap: Wei and Zou, 2019,
    "EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification Tasks"; of neighbours only,
    because a word that travels far crosses mentions.)

    >>> doc = Document("a", "Anna came home", "en", spans=(Span(0, 4, "PER"),))
    >>> swap = SwapWords()
    >>> [child.text for child in swap(doc, swap.rng(doc))]
    ['Anna home came']
    """

    share_of_words: float = Field(0.2, gt=0, le=1)

    def edits(self, chunk: Chunk, keys: Keys) -> Edits:
        """The pairs drawn, exchanged."""
        words = chunk.words()
        if chunk.labelled.any():
            words = words.where(~_negated(chunk, words))
        most = np.maximum(1, np.rint(count(words, chunk.rows) * self.share_of_words / 2)).astype(np.int64)
        left, right = words.where(slice(None, -1)), words.where(slice(1, None))
        pairs = np.flatnonzero(_able(chunk, left, right))  # a pair has the number of its left word
        touch = (left.row == right.row) & (left.end == right.start)
        drawn = fractions(keys, words.row, turns(words, chunk.rows))
        pairs = _apart(pairs, drawn[pairs], touch)
        pairs = pairs[fewest(words.where(pairs), drawn[pairs], most)]
        first, second = words.where(pairs), words.where(pairs + 1)
        between = chunk.said(Ranges(first.row, first.end, second.start))
        said = zip(chunk.said(second), between, chunk.said(first), strict=True)
        edits = Edits(Ranges(first.row, first.start, second.end), ["".join(of) for of in said])
        edits.refuse(edits.nothing_in(chunk.rows), "no two different words stand side by side outside of mentions")
        return edits


def _able(chunk: Chunk, left: Ranges, right: Ranges) -> Truths:
    """Whether two words are neighbours of which each can stand in the other's place."""
    able: Truths = left.row == right.row
    gap, blank = right.start - left.end, np.concatenate([[0], np.cumsum(chunk.bits & SPACE > 0)])
    able &= blank[right.start] - blank[left.end] == gap
    parted = chunk.parted[left.row]
    before, one = chunk.beside(left.start, left.row)
    end_of_one, two = chunk.bits[left.end - 1], chunk.bits[right.start]
    end_of_two, after = chunk.beside(right.end, right.row)
    able &= (gap > 0) | (~parted & ((end_of_one & two) | (end_of_two & one)) & JOINS == 0)
    able &= ((before & one) | (end_of_two & after) | (before & two) | (end_of_one & after)) & JOINS == 0
    alike = able & (left.end - left.start == right.end - right.start)
    alike &= chunk.codes[left.start] == chunk.codes[right.start]  # the others need not be read
    able[alike] = [a != b for a, b in zip(chunk.said(left.where(alike)), chunk.said(right.where(alike)), strict=True)]
    return able


def _apart(pairs: Numbers, drawn: NDArray[np.float64], touch: Truths) -> Numbers:
    """The pairs that are left where the smallest number takes its pair first, and no other may share or touch a word.

    All that are smaller than what they stand in the way of are taken at once, until there are none.
    """
    late = len(pairs)
    turn = np.full(len(touch) + 5, late)  # by pair, with two more at either side
    turn[pairs[np.argsort(drawn, kind="stable")] + 2] = np.arange(late)
    near = np.concatenate([[False, False, False], touch, [False, False, False]])  # of a word and the next
    taken = np.zeros(len(turn), bool)
    at = pairs + 2
    while len(at):
        others = [turn[at - 1], turn[at + 1]]
        others += [np.where(near[at], turn[at - 2], late), np.where(near[at + 2], turn[at + 2], late)]
        won = at[turn[at] < np.minimum.reduce(others)]
        taken[won] = True
        for gone in (won, won - 1, won + 1, won[near[won]] - 2, won[near[won + 2]] + 2):
            turn[gone] = late
        at = at[turn[at] < late]
    return np.flatnonzero(taken) - 2


def _negated(chunk: Chunk, words: Ranges) -> Truths:
    """Whether a word stands in the clause of a negation, in a document with a label."""
    change = np.zeros(len(chunk.codes) + 1, np.int64)
    spans = chunk.lists(chunk.spans)
    for row in np.flatnonzero(chunk.labelled).tolist():
        doc = Document("", chunk.texts[row], chunk.languages[row], spans=tuple(Span(*s, "") for s in spans[row]))
        for start, end in clauses(doc):
            if negated(doc, start, end):
                change[chunk.begins[row] + start] += 1
                change[chunk.begins[row] + end] -= 1
    said: Truths = np.cumsum(change)[words.start] > 0
    return said
