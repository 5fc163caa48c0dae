"""Words left out."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from pipeline.augmentation._assembled import Edits
from pipeline.augmentation._chunk import Chunk
from pipeline.augmentation._columnar import Columnar, Keys, some
from pipeline.augmentation._letters import JOINS, SPACE
from pipeline.augmentation._ranges import Ranges, Truths, count, new


class DeleteWords(Columnar):
    """Leaves out a share of the words outside of mentions, at least one, never all; and one white space with each.

    The share is that of the words that may go: no mention, no number, no sign; in a document with a label no negation.
    Words between which two others would run together stay. (Random deletion: Wei and Zou, 2019, "EDA: Easy Data
    Augmentation Techniques for Boosting Performance on Text Classification Tasks".)

    >>> from pipeline.types import Document
    >>> doc = Document("a", "Anna came home late", "en", spans=())
    >>> delete = DeleteWords(share_of_words=0.5)
    >>> [child.text for child in delete(doc, delete.rng(doc))]
    ['came late']
    """

    share_of_words: float = Field(0.1, gt=0, le=0.9)

    def edits(self, chunk: Chunk, keys: Keys) -> Edits:
        """The words drawn, each with the white space before it; at the head of a text with the one after it."""
        words = chunk.words()
        each = count(words, chunk.rows)
        drawn = some(words.where(each[words.row] > 1), keys, self.share_of_words, spared=1)
        before = chunk.beside(drawn.start, drawn.row)[0] & SPACE > 0
        after = chunk.beside(drawn.end, drawn.row)[1] & SPACE > 0
        head = _at_head(drawn, after, chunk)
        start, end = drawn.start - (before & ~head), drawn.end + (after & head)
        first = np.flatnonzero(new(drawn.row, start[1:] > end[:-1]))  # the gaps of neighbours are one
        last = np.append(first[1:], len(start))[: len(first)] - 1
        gaps = Ranges(drawn.row[first], start[first], end[last])
        left, right = chunk.beside(gaps.start, gaps.row)[0], chunk.beside(gaps.end, gaps.row)[1]
        gaps = gaps.where(left & right & JOINS == 0)
        edits = Edits(gaps, [""] * len(gaps))
        edits.refuse(each < 2, "there are no two words outside of mentions, of which one could go")
        edits.refuse(edits.nothing_in(chunk.rows), "the words beside the one left out would run together")
        return edits


def _at_head(drawn: Ranges, after: Truths, chunk: Chunk) -> Truths:
    """Whether nothing would be left before a word."""
    reached = chunk.begins[drawn.row]
    same = ~new(drawn.row)
    reached[same] = (drawn.end + after)[np.flatnonzero(same) - 1]
    broken = np.cumsum(drawn.start != reached)  # something stays between a word and the one before it
    before = np.concatenate([[0], broken])[np.flatnonzero(~same)]  # in the documents before
    head: Truths = broken == np.repeat(before, count(drawn, chunk.rows)[drawn.row[~same]])
    return head
