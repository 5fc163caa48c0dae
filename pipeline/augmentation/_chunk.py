"""A batch of documents as flat arrays: what is asked of one word is asked of the words of all documents at once.

Offsets count in the texts of the batch one after another, so that one array answers for all of them.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from itertools import chain, pairwise

import numpy as np
import pyarrow as pa

from pipeline.augmentation._eligible import ADDRESS, PLAIN, WHOLE, has_address, negates
from pipeline.augmentation._joining import spaced
from pipeline.augmentation._letters import HAN, LETTER, Bits, Codes, bits, codes_of
from pipeline.augmentation._ranges import (
    Numbers,
    Ranges,
    Truths,
    all_of,
    beside,
    between_spaces,
    count,
    lengths,
    merged,
    there,
)
from pipeline.language import words, zh
from pipeline.types import Range


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
        self.chinese: Truths = np.array([language == zh.CODE for language in self.languages], bool)
        self.labelled: Truths = there(batch.column("label"))
        self.annotated: Truths = there(batch.column("spans"))
        self.spans = self._ranges("spans")

    @cached_property
    def ids(self) -> list[str]:
        """The documents' ids."""
        found: list[str] = self.batch.column("id").to_pylist()
        return found

    @cached_property
    def labels(self) -> list[str]:
        """The label of each span."""
        found: list[str] = self.batch.column("spans").flatten().field("label").to_pylist()
        return found

    @cached_property
    def parted(self) -> Truths:
        """Whether white space parts the words of a document."""
        return np.array([spaced(language) for language in self.languages], bool)

    @cached_property
    def tokens(self) -> Ranges:
        """The sources' own tokens."""
        return self._ranges("tokens")

    @cached_property
    def tokened(self) -> Truths:
        """Whether a document has tokens of its source."""
        return there(self.batch.column("tokens"))

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
        inside = lists.flatten()
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
        chinese, others = ~self.tokened & self.chinese, ~self.tokened & ~self.chinese
        found = [self.tokens] if self.tokened.any() else []
        found += [self._cut(np.flatnonzero(chinese))] if chinese.any() else []
        found += [self._looked_for(np.flatnonzero(others))] if others.any() else []
        return merged(*found)

    def _cut(self, rows: Numbers) -> Ranges:
        """All that rjieba cuts Chinese texts into, white space and signs too."""
        from rjieba import cut

        found = [cut(self.texts[row]) for row in rows.tolist()]
        each = np.fromiter(map(len, found), np.int64, len(rows))
        length = np.fromiter(map(len, chain.from_iterable(found)), np.int64, int(each.sum()))
        ends = np.cumsum(length)
        own = np.diff(self.begins)[rows]
        shift = np.repeat(self.begins[rows] - np.cumsum(own) + own, each)  # texts of others that stand between
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
