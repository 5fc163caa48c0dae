"""Children put together of their parents' texts and edits, a whole chunk at once.

The same as `composing.composed` does for one child of one parent, which the contract tests hold it to. What is not
plainly fine here (a mention that an edit reaches into from outside, or that would run into the word beside it) is
marked and left to `composed`, which says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pyarrow as pa

from pipeline.augmentation._chunk import Chunk
from pipeline.augmentation._letters import JOINS, MARK, SPACE, Bits, bits, codes_of, text_of
from pipeline.augmentation._ranges import Numbers, Ranges, Truths, beside, between_spaces, count, lengths
from pipeline.frames import DOCUMENTS
from pipeline.types import Edit

_SPANS, _TOKENS, _LINEAGE = (DOCUMENTS.field(name).type for name in ("spans", "tokens", "lineage"))


@dataclass(slots=True)
class Edits:
    """What takes the place of ranges of a chunk, in order and disjoint, and why a document has none.

    `groups` are those of the mention that takes another's place, by the number of the edit.
    """

    at: Ranges
    texts: list[str]
    refused: dict[int, str] = field(default_factory=dict)
    groups: dict[int, Mapping[str, str]] = field(default_factory=dict)

    def refuse(self, documents: Truths, reason: str) -> None:
        """Say why these documents have no child; the first reason of each stands."""
        for row in np.flatnonzero(documents).tolist():
            self.refused.setdefault(row, reason)

    def nothing_in(self, rows: int) -> Truths:
        """Which of so many documents have no edit."""
        none: Truths = count(self.at, rows) == 0
        return none

    def of(self, row: int, begin: int) -> tuple[list[Edit], dict[tuple[int, int], Mapping[str, str]]]:
        """The edits of one document whose text begins at `begin`, and the groups of what they put there."""
        numbers = np.flatnonzero(self.at.row == row).tolist()
        places = [(n, int(self.at.start[n]) - begin, int(self.at.end[n]) - begin) for n in numbers]
        groups = {(0, start): self.groups[n] for n, start, _ in places if n in self.groups}
        return [Edit(start, end, self.texts[n]) for n, start, end in places], groups


@dataclass(slots=True)
class Assembled:
    """Children in the order of their parents: their texts and whether each is plainly fine; `batch` puts them in."""

    chunk: Chunk
    edits: Edits
    texts: list[str]
    fine: Truths
    _begins: Numbers
    _words: Ranges  # what stands between white space
    _spans: Ranges
    _pieces: _Pieces

    def batch(self, ids: Sequence[str], operation: str, settings: str, seed: int, kept: Truths) -> pa.RecordBatch:
        """The children that are kept, by these ids, with their lineage."""
        chunk, rows = self.chunk, self.chunk.rows
        columns = {name: chunk.batch.column(name) for name in DOCUMENTS.names}
        columns["id"] = pa.array(ids, pa.string())
        columns["text"] = pa.array(self.texts, pa.string())
        columns["spans"] = self._moved_spans()
        shown = self._words.where(chunk.shown[self._words.row])
        columns["tokens"] = _lists(_TOKENS, _local(shown, self._begins), count(shown, rows), ~chunk.shown)
        columns["lineage"] = pa.StructArray.from_arrays(
            [
                pa.repeat(pa.scalar(operation), rows),
                pa.repeat(pa.scalar(settings), rows),
                pa.repeat(pa.scalar(seed, pa.int64()), rows),
                pa.ListArray.from_arrays(pa.array(np.arange(rows + 1), pa.int32()), pa.array(chunk.ids, pa.string())),
                self._pieces.column(chunk, self.edits),
            ],
            fields=list(_LINEAGE),
        )
        made = pa.RecordBatch.from_arrays([columns[name] for name in DOCUMENTS.names], schema=DOCUMENTS)
        return made if kept.all() else made.filter(pa.array(kept))

    def _moved_spans(self) -> pa.ListArray:
        own = self.chunk.batch.column("spans")
        inside = own.flatten()
        groups = inside.field("groups")
        if self.edits.groups:
            told = {int(self.edits.at.start[n]): of for n, of in self.edits.groups.items()}
            starts = self.chunk.spans.start.tolist()
            known = (told.get(at, dict(was or ())) for at, was in zip(starts, groups.to_pylist(), strict=True))
            groups = pa.array([list(of.items()) for of in known], groups.type)
        start, end = _local(self._spans, self._begins)
        return _lists(_SPANS, [start, end, inside.field("label"), groups], lengths(own), ~self.chunk.annotated)


@dataclass(slots=True)
class _Pieces:
    """The pieces of all children one after another: of the chunk's text, or of the edit of that number (-1: none)."""

    start: Numbers
    end: Numbers
    edit: Numbers
    each: Numbers  # how many each child has

    def column(self, chunk: Chunk, edits: Edits) -> pa.ListArray:
        """As the lineage has them; empty pieces of the parent are none."""
        row = np.repeat(np.arange(chunk.rows), self.each)
        there = (self.edit >= 0) | (self.end > self.start)
        row, edit = row[there], self.edit[there]
        begin = chunk.begins[row]
        texts = np.full(len(row), None, object)
        texts[edit >= 0] = edits.texts
        values = [
            pa.array(self.start[there] - begin, pa.int32()),
            pa.array(self.end[there] - begin, pa.int32()),
            pa.array(texts, pa.string()),
            pa.array(np.zeros(len(row), np.int32)),
        ]
        kind = _LINEAGE.field("pieces").type
        return _lists(kind, values, np.bincount(row, minlength=chunk.rows), np.zeros(chunk.rows, bool))


def assembled(chunk: Chunk, edits: Edits) -> Assembled:
    """The child of every document of a chunk; `fine` is false where it has no edit."""
    at, rows = edits.at, chunk.rows
    each = count(at, rows)
    before = np.concatenate([[0], np.cumsum(each)])
    first = 2 * before + np.arange(rows + 1)  # the number of the first piece of each document: kept, edit, kept, …
    own = 2 * np.arange(len(at)) + at.row + 1  # the number of each edit's
    start, end = np.zeros(first[-1], np.int64), np.zeros(first[-1], np.int64)
    start[first[:-1]], end[first[1:] - 1] = chunk.begins[:-1], chunk.begins[1:]
    start[own], end[own], end[own - 1], start[own + 1] = at.start, at.end, at.start, at.end
    number = np.full(first[-1], -1)
    number[own] = np.arange(len(at))

    put = np.array([len(text) for text in edits.texts], np.int64)
    length, source = end - start, start.copy()
    length[own] = put
    source[own] = len(chunk.codes) + np.concatenate([[0], np.cumsum(put)])[:-1]
    there = np.cumsum(length)
    pool = np.concatenate([chunk.codes, codes_of("".join(edits.texts))])
    codes = pool[np.repeat(source - (there - length), length) + np.arange(there[-1] if len(there) else 0)]
    begins = np.concatenate([[0], there[first[1:] - 1]])

    shift = np.concatenate([[0], np.cumsum(put - (at.end - at.start))])
    spans, whole = _moved(chunk.spans, at, shift)
    of = bits(codes)
    text = text_of(codes)
    bounds = begins.tolist()
    texts = [text[a:b] for a, b in pairwise(bounds)]
    words = between_spaces(of, begins)
    fine = (each > 0) & (count(words, rows) > 0)
    whole[whole] = _edges_fit(chunk, chunk.spans.where(whole), spans.where(whole), of, begins)
    fine[spans.row[~whole]] = False
    return Assembled(chunk, edits, texts, fine, begins, words, spans, _Pieces(start, end, number, 2 * each + 1))


def _moved(spans: Ranges, at: Ranges, shift: Numbers) -> tuple[Ranges, Truths]:
    """Where spans come to stand, and whether no edit reaches over an edge of them and something is left."""
    after = np.searchsorted(at.end, spans.start, "right")  # edits that end before a span: those put before it too
    until = np.searchsorted(at.start, spans.end, "left")  # edits that begin before its end
    ended = np.minimum(np.searchsorted(at.end, spans.end, "right"), until)
    moved = Ranges(spans.row, spans.start + shift[after], spans.end + shift[ended])
    starts, ends = np.append(at.start, np.iinfo(np.int64).max), np.append(at.end, -1)
    over = (starts[after] < spans.start) | ((until > 0) & (ends[until - 1] > spans.end))
    return moved, ~over & (moved.start < moved.end)


def _edges_fit(chunk: Chunk, before: Ranges, after: Ranges, of: Bits, begins: Numbers) -> Truths:
    """Whether moved spans stand as whole words where they did, without white space at their edges."""
    fits: Truths = (of[after.start] | of[after.end - 1]) & SPACE == 0
    for edge, (was_at, now_at) in enumerate(((before.start, after.start), (before.end, after.end))):
        was = beside(chunk.bits, was_at, chunk.begins, before.row)
        now = beside(of, now_at, begins, after.row)
        fits &= ~_join(*now) | _join(*was)
        fits &= ~chunk.shown[before.row] | _open(now[edge]) | ~_open(was[edge])
    return fits


def _join(left: Bits, right: Bits) -> Truths:
    joined: Truths = (left > 0) & ((right & MARK > 0) | (left & right & JOINS > 0))
    return joined


def _open(beside: Bits) -> Truths:
    """Whether white space stands there, or nothing."""
    found: Truths = (beside == 0) | (beside & SPACE > 0)
    return found


def _local(found: Ranges, begins: Numbers) -> list[pa.Array]:
    first = begins[found.row]
    return [pa.array(found.start - first, pa.int32()), pa.array(found.end - first, pa.int32())]


def _lists(kind: pa.ListType, values: Sequence[pa.Array], each: Numbers, missing: Truths) -> pa.ListArray:
    """A list of structs for every row, or none."""
    offsets = pa.array(np.concatenate([[0], np.cumsum(each)]), pa.int32())
    inside = pa.StructArray.from_arrays(list(values), fields=list(kind.value_type))
    return pa.ListArray.from_arrays(offsets, inside, type=kind, mask=pa.array(missing) if missing.any() else None)
