"""Words of the training documents put between others."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import accumulate
from random import Random
from typing import Self

from pydantic import Field, PrivateAttr

from pipeline.augmentation import Augmenter, Made, Refused, pieces_of
from pipeline.augmentation._eligible import eligible, some
from pipeline.augmentation._joining import runs_together, spaced
from pipeline.extras import require
from pipeline.language import en, words, zh
from pipeline.types import Document, Edit

_LARGEST = 50_000  # words by language: the commonest


class InsertWords(Augmenter):
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

    def draw(self, doc: Document, rng: Random) -> Made:
        """The document with words put after those drawn."""
        known, totals = self._vocabulary.get(doc.language, ([], []))
        if not known:
            raise Refused("the training documents have no word to put in")
        text, parted = doc.text, spaced(doc.language)
        places = [b for _, b in eligible(doc) if not parted or not text[b : b + 1].strip()]
        if not places:
            raise Refused("there is no word outside of mentions to put one after")
        edits: list[Edit] = []
        for at in some(places, self.share_of_words, rng):
            word = known[bisect(totals, int(rng.random() * totals[-1]))]
            if parted or text[at : at + 1].isspace():
                edits.append(Edit(at, at, " " + word))
            elif not runs_together(text, at, at, word):
                edits.append(Edit(at, at, word))
        if not edits:
            raise Refused("the word would run into the one beside it")
        return Made(pieces_of(len(text), edits))


def _drawn(language: str, counts: Counter[str]) -> tuple[list[str], list[int]]:
    """The commonest words, sorted, and the running totals of their counts."""
    listed = require("stopwordsiso", extra="language").has_lang(language)
    unwanted = (words.stop_words(language) if listed else frozenset()) | en.NEGATIONS | zh.NEGATIONS
    ranked = sorted(((-n, word) for word, n in counts.items() if word not in unwanted))[:_LARGEST]
    known = sorted(word for _, word in ranked)
    return known, list(accumulate(counts[word] for word in known))
