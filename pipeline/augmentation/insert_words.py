"""Words of the training documents put between others."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Self

import numpy as np
from pydantic import Field, PrivateAttr

from pipeline.augmentation._assembled import Edits
from pipeline.augmentation._chunk import Chunk
from pipeline.augmentation._columnar import PLACES, Columnar, Keys, fractions, some, turns
from pipeline.augmentation._joining import runs_together
from pipeline.augmentation._letters import SPACE
from pipeline.augmentation._ranges import Ranges, count
from pipeline.extras import require
from pipeline.frames import to_batches
from pipeline.language import en, words, zh
from pipeline.types import Document

Vocabulary = tuple[list[str], list[int]]  # words, and running totals of how often each is used
_LARGEST = 50_000  # words by language: the commonest


class InsertWords(Columnar):
    """Puts words after a share of the words outside of mentions, at least one; each drawn by how often it is used.

    They are words of the training documents of the same language (`fitted`): those outside of mentions, in small
    letters, no stop words (stopwordsiso, where it has the language) and no negations. A space comes before the new word
    where white space parts the words, none in Chinese. (Random insertion after Wei and Zou, 2019, "EDA: Easy Data
    Augmentation Techniques for Boosting Performance on Text Classification Tasks", who insert synonyms.)

    >>> from pipeline.types import Span
    >>> docs = [Document("a", "Anna bought apples", "en", spans=(Span(0, 4, "PER"),))]
    >>> insert = InsertWords().fitted(docs)
    >>> [child.text for child in insert(docs[0], insert.rng(docs[0]))]
    ['Anna bought bought apples']
    """

    share_of_words: float = Field(0.1, gt=0, le=1)

    _vocabulary: Mapping[str, Vocabulary] = PrivateAttr(default_factory=dict)

    def fitted(self, train: Iterable[Document]) -> Self:
        """This augmenter with the words of the training documents and running totals of their counts, by language."""
        counts: dict[str, Counter[str]] = {}
        for batch in to_batches(train):
            chunk = Chunk(batch)
            at = chunk.words()
            for row, word in zip(at.row.tolist(), chunk.said(at), strict=True):
                counts.setdefault(chunk.languages[row], Counter())[word.lower()] += 1
        copy = self.model_copy()
        found = {language: _drawn(language, of) for language, of in counts.items()}
        copy._vocabulary = {language: drawn for language, drawn in found.items() if drawn[0]}
        return copy

    def edits(self, chunk: Chunk, keys: Keys) -> Edits:
        """Words put after those drawn."""
        words, vocabulary = chunk.words(), self._vocabulary
        known = np.array([language in vocabulary for language in chunk.languages], bool)
        after = chunk.beside(words.end, words.row)[1]
        fits = ~chunk.parted[words.row] | (after == 0) | (after & SPACE > 0)
        places = some(words.where(fits & known[words.row]), keys, self.share_of_words)
        drawn = fractions(keys, places.row, PLACES + turns(places, chunk.rows)).tolist()
        at = zip(places.row.tolist(), places.end.tolist(), drawn, strict=True)
        put = [_put(chunk, row, end, vocabulary[chunk.languages[row]], fraction) for row, end, fraction in at]
        there = np.array([text is not None for text in put], bool)
        edits = Edits(
            Ranges(places.row, places.end, places.end).where(there), [text for text in put if text is not None]
        )
        edits.refuse(~known, "the training documents have no word to put in")
        edits.refuse(count(places, chunk.rows) == 0, "there is no word outside of mentions to put one after")
        edits.refuse(edits.nothing_in(chunk.rows), "the word would run into the one beside it")
        return edits


def _put(chunk: Chunk, row: int, at: int, vocabulary: Vocabulary, fraction: float) -> str | None:
    """What is put at a place, with a space where the words are parted; None where it would run into another."""
    known, totals = vocabulary
    word, text = known[bisect(totals, int(fraction * totals[-1]))], chunk.texts[row]
    at -= int(chunk.begins[row])
    if chunk.parted[row] or text[at : at + 1].isspace():
        return " " + word
    return None if runs_together(text, at, at, word) else word


def _drawn(language: str, counts: Counter[str]) -> Vocabulary:
    """The commonest words, sorted, and the running totals of their counts."""
    listed = require("stopwordsiso", extra="language").has_lang(language)
    unwanted = (words.stop_words(language) if listed else frozenset()) | en.NEGATIONS | zh.NEGATIONS
    ranked = sorted(((-n, word) for word, n in counts.items() if word not in unwanted))[:_LARGEST]
    known = sorted(word for _, word in ranked)
    return known, list(accumulate(counts[word] for word in known))
