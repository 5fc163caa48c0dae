"""An augmenter that draws for a whole batch of documents at once, in arrays.

It gives the same children as one document at a time would: every document draws from numbers of its own.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from random import Random

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.augmentation import Augmenter, Made, Refused, pieces_of
from pipeline.augmentation._assembled import Assembled, Edits, assembled
from pipeline.augmentation._chunk import Chunk
from pipeline.augmentation._draws import Draws, blocks
from pipeline.augmentation._ranges import Numbers, Ranges, Truths, count
from pipeline.frames import DOCUMENTS, documents_of, one_batch, to_batch
from pipeline.types import Document

Keys = NDArray[np.uint64]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_UNIT = 2.0**-53
PLACES = 1 << 32  # turns from here on: another draw for what was drawn


class Columnar(Augmenter):
    """`edits` says what changes in every document of a chunk; the children are put together here."""

    at_a_time = 1024
    spread_from = 1 << 17

    @abstractmethod
    def edits(self, chunk: Chunk, keys: Keys) -> Edits:
        """What changes in each document, drawn by its own key; why, where nothing does."""

    def draw(self, doc: Document, rng: Random) -> Made:
        """The pieces of the one child: those of a chunk of this document alone."""
        edits = self.edits(Chunk(to_batch([doc])), np.array([rng.getrandbits(64)], np.uint64))
        if edits.refused:
            raise Refused(edits.refused[0])
        own, groups = edits.of(0, 0)
        return Made(pieces_of(len(doc.text), own), groups=groups)

    def batch(self, rows: pa.RecordBatch) -> tuple[pa.RecordBatch, list[str]]:
        """The same as of one document after another."""
        if not rows.num_rows:
            return to_batch([]), []
        drawn = blocks([self.seed_of(id_) for id_ in rows.column("id").to_pylist()])
        took = np.flatnonzero((drawn[:, -1] >> np.uint64(11)) * _UNIT < self.share)
        reasons: list[str] = []
        if self.languages:
            able = np.array([lang in self.languages for lang in rows.column("language").to_pylist()], bool)[took]
            reasons += [self.for_others] * (int(np.count_nonzero(~able)) * self.copies)
            took = took[able]
        parent, number = np.repeat(took, self.copies), np.tile(np.arange(self.copies), len(took))
        chunk = Chunk(rows if len(parent) == rows.num_rows and self.copies == 1 else rows.take(pa.array(parent)))
        if not chunk.rows:
            return to_batch([]), reasons
        edits = self.edits(chunk, drawn[parent, -2 - number])
        made = assembled(chunk, edits)
        fine, others = self._others(chunk, edits, made, number, reasons)
        named = zip(fine.tolist(), chunk.ids, number.tolist(), made.texts, strict=True)
        ids = [self.id_of(id_, n, text) if stays else "" for stays, id_, n, text in named]
        children = made.batch(ids, self.called, self.told, self.seed, fine)
        return _in_order(children, fine, others), reasons

    def _others(
        self, chunk: Chunk, edits: Edits, made: Assembled, number: Numbers, reasons: list[str]
    ) -> tuple[Truths, dict[int, Document]]:
        """Which children stay as they are, and those that had to be put together one by one; what is refused is told.

        A child with the text of its parent, or of a sibling before it, is none.
        """
        fine, others = made.fine.copy(), {}
        seen: set[str] = set()
        for row, text in enumerate(made.texts):
            if number[row] == 0:
                seen = {chunk.texts[row]}
            if row in edits.refused:
                reasons.append(edits.refused[row])
                fine[row] = False
                continue
            if not fine[row]:
                try:
                    others[row] = self._one(chunk, edits, row, int(number[row]))
                except Refused as refused:
                    reasons.append(str(refused))
                    continue
            if text in seen:
                reasons.append(self.again)
                fine[row] = False
                others.pop(row, None)
            seen.add(text)
        return fine, others

    def _one(self, chunk: Chunk, edits: Edits, row: int, number: int) -> Document:
        [doc] = documents_of(chunk.batch.slice(row, 1))
        own, groups = edits.of(row, int(chunk.begins[row]))
        return self.named(doc, Made(pieces_of(len(doc.text), own), groups=groups), number)


def _in_order(children: pa.RecordBatch, fine: Truths, others: dict[int, Document]) -> pa.RecordBatch:
    """The children that were put together at once and the others, in the order of their parents."""
    if not others:
        return children
    both = pa.Table.from_batches([children, to_batch(others.values())], DOCUMENTS)
    order = np.argsort(np.concatenate([np.flatnonzero(fine), list(others)]), kind="stable")
    return one_batch(both.take(pa.array(order)))


def generators(keys: Keys) -> Iterator[Random]:
    """A generator for each document; the one before must not be used any more."""
    rng = Draws()
    for key in keys.tolist():
        rng.seed(key)
        yield rng


def fractions(keys: Keys, row: Numbers, turn: Numbers | int) -> NDArray[np.float64]:
    """A number of [0, 1) for each: of a document's key and of whose turn it is.

    SplitMix64 (Steele, Lea and Flood, 2014, "Fast Splittable Pseudorandom Number Generators").

    >>> fractions(np.array([7], np.uint64), np.array([0, 0]), np.array([0, 1])).round(3).tolist()
    [0.39, 0.017]
    """
    with np.errstate(over="ignore"):
        z = keys[row] + (np.asarray(turn).astype(np.uint64) + np.uint64(1)) * _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    drawn: NDArray[np.float64] = (z >> np.uint64(11)) * _UNIT
    return drawn


def fewest(found: Ranges, drawn: NDArray[np.float64], most: Numbers) -> Truths:
    """Of the ranges of each document those with the smallest numbers, at most so many by document."""
    rank = np.empty(len(found), np.int64)
    rank[np.lexsort((drawn, found.row))] = turns(found, len(most))  # those of a document stand together as before
    among: Truths = rank < most[found.row]
    return among


def turns(found: Ranges, rows: int) -> Numbers:
    """The number of each range within its document."""
    first = np.cumsum(count(found, rows)) - count(found, rows)
    return np.arange(len(found)) - first[found.row]


def some(found: Ranges, keys: Keys, share: float, spared: int = 0) -> Ranges:
    """A share of the ranges of every document, at least one, in their order; `spared` are not drawn. Of none none."""
    each = count(found, len(keys))
    most = np.minimum(np.maximum(1, np.rint(each * share).astype(np.int64)), each - spared)
    return found.where(fewest(found, fractions(keys, found.row, turns(found, len(keys))), most))
