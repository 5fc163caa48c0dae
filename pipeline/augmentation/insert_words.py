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
from pipeline.augmentation._chunk import Chunk, Ranges, count
from pipeline.augmentation._columnar import PLACES, Columnar, Keys, fractions, some, turns
from pipeline.augmentation._eligible import eligible
from pipeline.augmentation._joining import runs_together, spaced
from pipeline.augmentation._letters import SPACE
from pipeline.extras import require
from pipeline.language import en, words, zh
from pipeline.types import Document

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

    _vocabulary: Mapping[str, tuple[list[str], list[int]]] = PrivateAttr(default_factory=dict)

    def fitted(self, train: Iterable[Document]) -> Self:
        """This augmenter with the words of the training documents and running totals of their counts, by language."""
        counts: dict[str, Counter[str]] = {}
        for doc in train:
            counts.setdefault(doc.language, Counter()).update(doc.text[a:b].lower() for a, b in eligible(doc))
        copy = self.model_copy()
        copy._vocabulary = {language: _drawn(language, counts[language]) for language in counts}
        return copy

    def edits(self, chunk: Chunk, keys: Keys) -> Edits:
        """Words put after those drawn."""
        words = chunk.words()
        known = np.array([lang in self._vocabulary and bool(self._vocabulary[lang][0]) for lang in chunk.languages])
        parted = np.array([spaced(lang) for lang in chunk.languages])[words.row]
        after = chunk.beside(words.end, words.row)[1]
        fits = ~parted | (after == 0) | (after & SPACE > 0)
        places = some(words.where(fits & known[words.row]), keys, self.share_of_words)
        drawn = fractions(keys, places.row, PLACES + turns(places, chunk.rows)).tolist()
        put = [self._put(chunk, *place) for place in zip(places.row.tolist(), places.end.tolist(), drawn, strict=True)]
        there = np.array([text is not None for text in put], bool)
        at = Ranges(places.row, places.end, places.end).where(there)
        edits = Edits(at, [text for text in put if text is not None])
        for row in np.flatnonzero(~known).tolist():
            edits.refused[row] = "the training documents have no word to put in"
        for row in np.flatnonzero(count(places, chunk.rows) == 0).tolist():
            edits.refused.setdefault(row, "there is no word outside of mentions to put one after")
        return edits.refuse(chunk.rows, "the word would run into the one beside it")

    def _put(self, chunk: Chunk, row: int, at: int, fraction: float) -> str | None:
        """What is put at a place, with a space where the words are parted; None where it would run into another."""
        language, text = chunk.languages[row], chunk.texts[row]
        known, totals = self._vocabulary[language]
        word = known[bisect(totals, int(fraction * totals[-1]))]
        at -= int(chunk.begins[row])
        if spaced(language) or text[at : at + 1].isspace():
            return " " + word
        return None if runs_together(text, at, at, word) else word


def _drawn(language: str, counts: Counter[str]) -> tuple[list[str], list[int]]:
    """The commonest words, sorted, and the running totals of their counts."""
    listed = require("stopwordsiso", extra="language").has_lang(language)
    unwanted = (words.stop_words(language) if listed else frozenset()) | en.NEGATIONS | zh.NEGATIONS
    ranked = sorted(((-n, word) for word, n in counts.items() if word not in unwanted))[:_LARGEST]
    known = sorted(word for _, word in ranked)
    return known, list(accumulate(counts[word] for word in known))
