"""A batch of documents as flat arrays: what is asked of one word is asked of the words of all documents at once.

Offsets count in the texts of the batch one after another, so that one array answers for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain, pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.augmentation._eligible import ADDRESS, PLAIN, WHOLE, has_address, negates
from pipeline.augmentation._letters import HAN, LETTER, SPACE, Bits, Codes, bits, codes_of
from pipeline.language import words, zh
from pipeline.types import Range

Numbers = NDArray[np.int64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ranges:
    """Ranges of the chunk's text in order: the document of each, where it starts and where it ends."""

    row: Numbers
    start: Numbers
    end: Numbers

    def __len__(self) -> int:
        return len(self.row)

    def where(self, which: NDArray[np.generic] | slice) -> Ranges:
        """Some of them, by mask or by number."""
        return Ranges(self.row[which], self.start[which], self.end[which])


class Chunk:
    """The documents of a record batch of the schema DOCUMENTS."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self.batch = batch
        self.rows = batch.num_rows
        self.texts: list[str] = batch.column("text").to_pylist()
        self.text = "".join(self.texts)
        self.codes: Codes = codes_of(self.text)
        self.bits: Bits = bits(self.codes)
        self.begins: Numbers = np.zeros(self.rows + 1, np.int64)
        np.cumsum([len(text) for text in self.texts], out=self.begins[1:])
        self.languages: list[str] = batch.column("language").to_pylist()
        self.labelled: Truths = _there(batch.column("label"))
        self.annotated: Truths = _there(batch.column("spans"))
        self.spans = self._ranges("spans")

    @cached_property
    def ids(self) -> list[str]:
        """The documents' ids."""
        found: list[str] = self.batch.column("id").to_pylist()
        return found

    @cached_property
    def labels(self) -> list[str]:
        """The label of each span."""
        found: list[str] = leaves(self.batch.column("spans")).field("label").to_pylist()
        return found

    @cached_property
    def tokens(self) -> Ranges:
        """The sources' own tokens."""
        return self._ranges("tokens")

    @cached_property
    def tokened(self) -> Truths:
        """Whether a document has tokens of its source."""
        return _there(self.batch.column("tokens"))

    @cached_property
    def shown(self) -> Truths:
        """Whether the tokens of a document are what stands between white space."""
        seen = between_spaces(self.bits, self.begins)
        shown: Truths = self.tokened & (count(self.tokens, self.rows) == count(seen, self.rows))
        own, others = self.tokens.where(shown[self.tokens.row]), seen.where(shown[seen.row])
        shown[own.row[(own.start != others.start) | (own.end != others.end)]] = False
        return shown

    def words(self, chars: int = 1) -> Ranges:
        """What `eligible` finds in every document."""
        found = self._words
        found = found.where((found.end - found.start >= chars) & (self.bits[found.start] & LETTER > 0))
        plain = all_of(self.bits, found) & LETTER > 0
        odd = np.flatnonzero(~plain)  # an apostrophe or a hyphen between letters, perhaps
        plain[odd] = [PLAIN.fullmatch(word) is not None for word in self.said(found.where(odd))]
        return self._free(found.where(plain))

    def characters(self) -> Ranges:
        """What `eligible_characters` finds in every document."""
        at = np.flatnonzero(self.bits & HAN)
        return self._free(Ranges(np.searchsorted(self.begins, at, "right") - 1, at, at + 1))

    def lists(self, found: Ranges) -> list[list[Range]]:
        """Ranges of each document, counted from the beginning of its text."""
        begins = self.begins[found.row]
        pairs = list(zip((found.start - begins).tolist(), (found.end - begins).tolist(), strict=True))
        bounds = [0, *np.cumsum(count(found, self.rows)).tolist()]
        return [pairs[a:b] for a, b in pairwise(bounds)]

    def beside(self, at: Numbers, row: Numbers) -> tuple[Bits, Bits]:
        """What stands before and after offsets of documents; 0 where the text begins or ends."""
        return beside(self.bits, at, self.begins, row)

    def said(self, found: Ranges) -> list[str]:
        """The text of each range."""
        text = self.text
        return [text[a:b] for a, b in zip(found.start.tolist(), found.end.tolist(), strict=True)]

    def _ranges(self, column: str) -> Ranges:
        lists = self.batch.column(column)
        inside = leaves(lists)
        row = np.repeat(np.arange(self.rows), lengths(lists))
        first = self.begins[row]
        return Ranges(
            row,
            first + inside.field("start").to_numpy(zero_copy_only=False),
            first + inside.field("end").to_numpy(zero_copy_only=False),
        )

    @cached_property
    def _words(self) -> Ranges:
        """The words of every document: its source's tokens, or what its language takes for words."""
        if self.tokened.all():
            return self.tokens
        chinese = ~self.tokened & np.array([language == zh.CODE for language in self.languages], bool)
        others = ~self.tokened & ~chinese
        found = [self.tokens] if self.tokened.any() else []
        found += [self._cut(np.flatnonzero(chinese))] if chinese.any() else []
        found += [self._looked_for(np.flatnonzero(others))] if others.any() else []
        if len(found) == 1:
            return found[0]
        row, start, end = (np.concatenate([getattr(r, name) for r in found]) for name in ("row", "start", "end"))
        return Ranges(row, start, end).where(np.argsort(start, kind="stable"))

    def _cut(self, rows: Numbers) -> Ranges:
        """All that rjieba cuts Chinese texts into, white space and signs too."""
        from rjieba import cut

        found = [cut(self.texts[row]) for row in rows.tolist()]
        each = np.fromiter(map(len, found), np.int64, len(rows))
        length = np.fromiter(map(len, chain.from_iterable(found)), np.int64, int(each.sum()))
        ends = np.cumsum(length)
        skipped = self.begins[rows] - np.cumsum(np.diff(self.begins)[rows]) + np.diff(self.begins)[rows]
        shift = np.repeat(skipped, each)  # texts of others that stand between
        return Ranges(np.repeat(rows, each), ends - length + shift, ends + shift)

    def _looked_for(self, rows: Numbers) -> Ranges:
        texts = [(self.texts[row], self.languages[row]) for row in rows.tolist()]
        found = [
            [m.span() for m in WHOLE.finditer(text)] if text.isascii() else words.tokens(text, language)
            for text, language in texts
        ]
        row = np.repeat(rows, [len(of) for of in found])
        flat = np.fromiter(chain.from_iterable(chain.from_iterable(found)), np.int64).reshape(-1, 2)
        return Ranges(row, flat[:, 0] + self.begins[row], flat[:, 1] + self.begins[row])

    def _free(self, found: Ranges) -> Ranges:
        """Those that touch nothing taken, and in a document with a label are no negation."""
        starts, ends = self._taken
        found = found.where(np.searchsorted(starts, found.end, "left") == np.searchsorted(ends, found.start, "right"))
        if not self.labelled.any() or not len(found):
            return found
        says = self.labelled[found.row]
        languages = (self.languages[row] for row in found.row[says].tolist())
        says[says] = [_negates(word, lang) for word, lang in zip(self.said(found.where(says)), languages, strict=True)]
        return found.where(~says)

    @cached_property
    def _taken(self) -> tuple[Numbers, Numbers]:
        """Where mentions, masks of personal data and addresses start, and where they end, each in order."""
        more = [
            (begin + match.start(), begin + match.end())
            for begin, text in zip(self.begins.tolist(), self.texts, strict=False)
            if has_address(text)
            for match in ADDRESS.finditer(text)
        ]
        if not more:
            return self.spans.start, self.spans.end
        both = np.array(more, np.int64)
        return np.sort(np.append(self.spans.start, both[:, 0])), np.sort(np.append(self.spans.end, both[:, 1]))


_negates = lru_cache(maxsize=100_000)(negates)


def between_spaces(of: Bits, begins: Numbers) -> Ranges:
    """Where the words between white space stand in texts one after another."""
    solid = of & SPACE == 0
    starts, ends = solid.copy(), solid.copy()
    starts[1:] &= ~solid[:-1]
    ends[:-1] &= ~solid[1:]
    inner = begins[1:-1]
    inner = inner[(inner > 0) & (inner < len(solid))]
    starts[inner] = solid[inner]  # a text begins
    ends[inner - 1] = solid[inner - 1]
    start = np.flatnonzero(starts)
    return Ranges(np.searchsorted(begins, start, "right") - 1, start, np.flatnonzero(ends) + 1)


def beside(of: Bits, at: Numbers, begins: Numbers, row: Numbers) -> tuple[Bits, Bits]:
    """What stands before and after each offset of documents; 0 where their texts begin or end."""
    padded = np.append(of, np.uint8(0))
    return np.where(at > begins[row], padded[at - 1], 0), np.where(at < begins[row + 1], padded[at], 0)


def all_of(of: Bits, found: Ranges) -> Bits:
    """What holds of every character of each range; the ranges are disjoint and in order."""
    bounds = np.stack([found.start, found.end], axis=1).ravel()
    shared: Bits = np.bitwise_and.reduceat(np.append(of, np.uint8(0)), bounds)[::2] if len(bounds) else of[:0]
    return shared


def totals(truths: Truths) -> Numbers:
    """How many are true before each place, and in all."""
    found = np.zeros(len(truths) + 1, np.int64)
    np.cumsum(truths, out=found[1:])
    return found


def count(found: Ranges, rows: int) -> Numbers:
    """How many ranges each document has."""
    return np.bincount(found.row, minlength=rows)


def lengths(lists: pa.ListArray) -> Numbers:
    """How many values each list has; a missing one none."""
    held: Numbers = np.diff(lists.offsets.to_numpy()).astype(np.int64)
    return np.where(_there(lists), held, 0)


def leaves(lists: pa.ListArray) -> pa.StructArray:
    """The values of all lists one after another."""
    return lists.flatten()


def _there(column: pa.Array) -> Truths:
    found: Truths = column.is_valid().to_numpy(zero_copy_only=False)
    return found
