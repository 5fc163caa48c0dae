"""Chinese characters replaced by others that are read the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from random import Random
from typing import ClassVar, Self

from pydantic import Field, PrivateAttr

from pipeline.augmentation import Augmenter, Made
from pipeline.augmentation._characters import Drawn, commonest, counted, replaced
from pipeline.extras import require
from pipeline.types import Document

_SIZES = (4, 3, 2)  # characters of a phrase: the longer one tells more


class HomophoneNoise(Augmenter):
    """Replaces a share of the Chinese characters outside of mentions, at least one, by others of the same reading.

    So do people who type by sound: 在 for 再. What comes in is one of the `characters` commonest of the training
    documents, as often as it is used there, read as pypinyin reads it alone; never a negation. What goes out is
    read as in the longest phrase around it that pypinyin knows (行 in 银行 as háng), else as alone. With
    `same_tone: false` 是 may become 十. (Errors of sound: Liu et al., 2011, "Visually and Phonologically Similar
    Characters in Incorrect Chinese Words".)

    >>> docs = [Document("a", "他再来", "zh"), Document("b", "他在", "zh")]
    >>> noise = HomophoneNoise().fitted(docs)
    >>> [child.text for child in noise(docs[0], noise.rng(docs[0]))]
    ['他在来']
    """

    languages: ClassVar[tuple[str, ...]] = ("zh",)
    texts = (("他再来的时候在家里做饭，是十点", "zh", ()),)

    share_of_words: float = Field(0.1, gt=0, le=1)
    same_tone: bool = True
    characters: int = Field(3000, ge=2, le=20_000)

    _alike: Mapping[str, Drawn] = PrivateAttr(default_factory=dict)

    def fitted(self, train: Iterable[Document]) -> Self:
        """This augmenter with the commonest characters of the training documents by their reading."""
        alike: dict[str, dict[str, int]] = {}
        for char, count in commonest(counted(train), self.characters).items():
            alike.setdefault(_read(char, self.same_tone)[0], {})[char] = count
        copy = self.model_copy()
        copy._alike = {reading: Drawn(counts) for reading, counts in alike.items()}
        return copy

    def draw(self, doc: Document, rng: Random) -> Made:
        """The document with characters in the place of others that are read the same."""
        text, alike = doc.text, self._alike

        def other(at: int, rng: Random) -> str | None:
            reading = _reading(text, at, self.same_tone)
            return alike[reading].other(text[at], rng) if reading in alike else None

        why = "no common character of the training documents is read like one outside of mentions"
        return replaced(doc, rng, self.share_of_words, other, why)


def _reading(text: str, at: int, tones: bool) -> str:
    """How a character is read: as in the longest phrase around it that pypinyin knows, else as alone.

    >>> _reading("在银行里", 2, True), _reading("不行", 1, True)
    ('hang2', 'xing2')
    """
    phrases = _phrases()
    for size in _SIZES:
        for start in range(max(0, at - size + 1), min(at, len(text) - size) + 1):
            phrase = text[start : start + size]
            if phrase in phrases:
                return _read(phrase, tones)[at - start]
    return _read(text[at], tones)[0]


@cache
def _phrases() -> Mapping[str, object]:
    phrases: Mapping[str, object] = require("pypinyin.constants", extra="augment").PHRASES_DICT
    return phrases


@lru_cache(maxsize=65_536)
def _read(text: str, tones: bool) -> list[str]:
    """How every character of a few is read among the others, the tone as a digit or left out."""
    library = require("pypinyin", extra="augment")
    style = library.Style.TONE3 if tones else library.Style.NORMAL
    return [found[0] for found in library.pinyin(text, style=style, errors=list)]
