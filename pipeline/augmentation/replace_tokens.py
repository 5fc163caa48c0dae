"""Tokens replaced by others that the training documents have in the same place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PrivateAttr

from pipeline.augmentation import Mentions
from pipeline.augmentation._assembled import Edits
from pipeline.augmentation._chunk import Chunk
from pipeline.augmentation._columnar import PLACES, Columnar, Keys, fewest, fractions, turns
from pipeline.augmentation._letters import JOINS, MARK, Bits, bits, codes_of
from pipeline.augmentation._ranges import Numbers, Ranges, Truths, count, new
from pipeline.frames import to_batches
from pipeline.language import words
from pipeline.types import Document

_DRAWS = 32  # a token for which so many draws find no fitting other stays as it is

Place = tuple[str, str, str]  # language; label or "" outside; B or I, outside the shape


class ReplaceTokens(Columnar):
    """Replaces every token with a probability by one of the training documents that has the same label there.

    In a mention that is a token that begins (B) or continues (I) a mention of the same label; outside of mentions a
    word of the same shape: small, capital or mixed letters, in Chinese the same number of characters up to four. Each
    is drawn as often as it is used. Where chance takes no token one is taken. (Label-wise token replacement: Dai and
    Adel, 2020, "An Analysis of Simple Data Augmentation for Named Entity Recognition".)

    >>> from pipeline.types import Span
    >>> docs = [Document(n, f"{n} Berg came", "en", spans=(Span(0, len(n) + 5, "PER"),)) for n in ("Anna", "Bo")]
    >>> replace = ReplaceTokens(probability=0.1).fitted(docs)
    >>> [child.text for child in replace(docs[0], replace.rng(docs[0]))]
    ['Bo Berg came']
    """

    mentions: ClassVar[Mentions] = "altered"

    probability: float = Field(0.3, gt=0, le=1)

    _known: _Inventory = PrivateAttr(default_factory=lambda: _NOTHING)

    def fitted(self, train: Iterable[Document]) -> Self:
        """This augmenter with the tokens of the training documents and their counts, by place."""
        counts: dict[Place, Counter[str]] = {}
        for batch in to_batches(train):
            chunk = Chunk(batch)
            tokens = _tokens(chunk)
            whole = np.flatnonzero(~_parts_of_words(chunk, tokens.at))
            written = chunk.said(tokens.at.where(whole))
            for word, place in zip(written, _places(chunk, tokens, whole), strict=True):
                counts.setdefault(place, Counter())[word] += 1
        copy = self.model_copy()
        copy._known = _Inventory.of({place: of for place, of in sorted(counts.items()) if len(of) > 1})
        return copy

    def edits(self, chunk: Chunk, keys: Keys) -> Edits:
        """The tokens drawn, replaced."""
        tokens, inventory = _tokens(chunk), self._known
        able = ~chunk.labelled[tokens.at.row]
        chance = fractions(keys, tokens.at.row, turns(tokens.at, chunk.rows))
        drawn = np.flatnonzero(able & (chance < self.probability))
        place = inventory.numbers(_places(chunk, tokens, drawn))
        drawn, place = drawn[place >= 0], place[place >= 0]
        without = count(tokens.at.where(drawn), chunk.rows) == 0
        rest = np.flatnonzero(able & without[tokens.at.row])  # where chance takes none one is taken
        others = inventory.numbers(_places(chunk, tokens, rest))
        rest, others = rest[others >= 0], others[others >= 0]
        first = fewest(tokens.at.where(rest), chance[rest], np.ones(chunk.rows, np.int64))
        drawn, place = np.append(drawn, rest[first]), np.append(place, others[first])
        whole = ~_parts_of_words(chunk, tokens.at.where(drawn))
        put = _put(chunk, tokens.at, drawn[whole], place[whole], inventory, keys)
        edits = Edits(tokens.at.where(np.array(sorted(put), np.int64)), [put[n] for n in sorted(put)])
        edits.refuse(~chunk.annotated, "it is not annotated: nothing says which tokens are alike")
        edits.refuse(chunk.labelled, "a token of another text could change its label")
        nowhere = count(tokens.at.where(drawn), chunk.rows) == 0
        edits.refuse(nowhere, "no token of the training documents has the same place")
        edits.refuse(edits.nothing_in(chunk.rows), "no other token fits")
        return edits


@dataclass(frozen=True, slots=True, eq=False)
class _Inventory:
    """The tokens of all places one after another, and how often those up to each are used in all."""

    places: Mapping[Place, int]
    words: list[str]
    totals: Numbers
    before: Numbers  # of each place: how often the tokens of the places before it are used
    used: Numbers  # and its own
    first: Bits  # what the first character of each token is
    last: Bits

    @classmethod
    def of(cls, counts: Mapping[Place, Mapping[str, int]]) -> Self:
        """By place, the tokens in their own order."""
        words = [word for of in counts.values() for word in sorted(of)]
        totals = np.cumsum([of[word] for of in counts.values() for word in sorted(of)], dtype=np.int64)
        used = np.array([sum(of.values()) for of in counts.values()], np.int64)
        places = {place: n for n, place in enumerate(counts)}
        first, last = ("".join(word[at] for word in words) for at in (0, -1))
        return cls(places, words, totals, np.cumsum(used) - used, used, bits(codes_of(first)), bits(codes_of(last)))

    def numbers(self, places: list[Place]) -> Numbers:
        """The number of each place; -1 where nothing else can stand there."""
        return np.array([self.places.get(place, -1) for place in places], np.int64)

    def drawn(self, places: Numbers, chance: NDArray[np.float64]) -> Numbers:
        """The number of a token for each place, drawn as often as it is used."""
        at = self.before[places] + (chance * self.used[places]).astype(np.int64)
        return np.searchsorted(self.totals, at, "right")


_NOTHING: _Inventory = _Inventory.of({})


def _put(
    chunk: Chunk, tokens: Ranges, drawn: Numbers, places: Numbers, inventory: _Inventory, keys: Keys
) -> dict[int, str]:
    """What takes the place of each token drawn, by its number, where any fits."""
    found: dict[int, str] = {}
    turn = turns(tokens, chunk.rows)
    for again in range(1, _DRAWS + 1):
        if not len(drawn):
            break
        at = tokens.where(drawn)
        words = inventory.drawn(places, fractions(keys, at.row, PLACES * again + turn[drawn]))
        before, after = chunk.beside(at.start, at.row)[0], chunk.beside(at.end, at.row)[1]
        first, last = inventory.first[words], inventory.last[words]
        others = [inventory.words[n] for n in words.tolist()]
        fits = (((before & first) | (last & after)) & JOINS == 0) & (first & MARK == 0)
        fits &= np.array([a != b for a, b in zip(chunk.said(at), others, strict=True)], bool)
        found |= {n: other for n, other, fit in zip(drawn.tolist(), others, fits.tolist(), strict=True) if fit}
        drawn, places = drawn[~fits], places[~fits]
    return found


@dataclass(frozen=True, slots=True)
class _Tokens:
    """Tokens in order, the number of the mention that each belongs to (-1: none), and whether it begins one."""

    at: Ranges
    mention: Numbers
    begins: Truths


def _tokens(chunk: Chunk) -> _Tokens:
    """The words outside of mentions and the tokens inside of them, of annotated documents.

    A token that reaches over the edge of a mention is cut there.
    """
    outside, spans, own = chunk.words(), chunk.spans, chunk.tokens
    outside = outside.where(chunk.annotated[outside.row])
    first = np.searchsorted(own.end, spans.start, "right")
    each = np.where(chunk.tokened[spans.row], np.searchsorted(own.start, spans.end, "left") - first, 0)
    mention = np.repeat(np.arange(len(spans)), each)
    token = np.arange(len(mention)) - np.repeat(np.cumsum(each) - each - first, each)
    start, end = np.maximum(own.start[token], spans.start[mention]), np.minimum(own.end[token], spans.end[mention])
    looked_for = [
        (n, spans.start[n] + a, spans.start[n] + b)
        for n, text in zip(np.flatnonzero(~chunk.tokened[spans.row]).tolist(), _untokened(chunk), strict=True)
        for a, b in words.tokens(text, chunk.languages[spans.row[n]])
    ]
    more = np.array(looked_for, np.int64).reshape(-1, 3)
    mention = np.concatenate([np.full(len(outside), -1), mention, more[:, 0]])
    start, end = np.concatenate([outside.start, start, more[:, 1]]), np.concatenate([outside.end, end, more[:, 2]])
    row = np.where(mention < 0, np.searchsorted(chunk.begins, start, "right") - 1, 0)
    row[mention >= 0] = spans.row[mention[mention >= 0]]
    order = np.argsort(start, kind="stable")
    mention = mention[order]
    return _Tokens(Ranges(row, start, end).where(order), mention, (mention >= 0) & new(mention))


def _places(chunk: Chunk, tokens: _Tokens, which: Numbers) -> list[Place]:
    """The places of some tokens."""
    at, labels = tokens.at.where(which), chunk.labels
    mentions = zip(tokens.mention[which].tolist(), tokens.begins[which].tolist(), strict=True)
    return [
        (chunk.languages[row], labels[n] if n >= 0 else "", _shape(word) if n < 0 else "B" if begins else "I")
        for row, word, (n, begins) in zip(at.row.tolist(), chunk.said(at), mentions, strict=True)
    ]


def _untokened(chunk: Chunk) -> list[str]:
    return chunk.said(chunk.spans.where(~chunk.tokened[chunk.spans.row]))


def _parts_of_words(chunk: Chunk, tokens: Ranges) -> Truths:
    """Whether a token runs into the character before or after it."""
    before, first = chunk.beside(tokens.start, tokens.row)
    last, after = chunk.bits[tokens.end - 1], chunk.beside(tokens.end, tokens.row)[1]
    part: Truths = (((before & first) | (last & after)) & JOINS > 0) | (first & MARK > 0)
    return part


@lru_cache(maxsize=100_000)
def _shape(word: str) -> str:
    """What a word looks like.

    >>> _shape("said"), _shape("Said"), _shape("EU"), _shape("eBay"), _shape("北京")
    ('small', 'Capital', 'CAPITALS', 'mixed', '2')
    """
    if word.islower():
        return "small"
    if word.isupper():
        return "CAPITALS" if len(word) > 1 else "Capital"
    if word[0].isupper():
        return "Capital" if word[1:].islower() else "mixed"
    return "mixed" if word.lower() != word.upper() else str(min(len(word), 4))
