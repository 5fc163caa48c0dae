"""English words replaced by synonyms of WordNet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from random import Random
from typing import ClassVar, Self

from pydantic import Field, PrivateAttr, field_validator

from pipeline.augmentation import Augmenter, Made, Refused, _wordnet, pieces_of
from pipeline.augmentation._eligible import some
from pipeline.augmentation._entity_list import Mentions, stranger
from pipeline.augmentation._words import cased, common_words
from pipeline.errors import WrongUse
from pipeline.fingerprint import fingerprint
from pipeline.language.words import stop_words
from pipeline.types import Document, Edit

_ARTICLE = re.compile(r"\b(an?)\s+$", re.IGNORECASE)
_VOWELS = ("a", "e", "i", "o", "u")


class Synonyms(Augmenter):
    """Replaces a share of the English words outside of mentions, at least one, by synonyms of WordNet.

    Only where WordNet's own counts say that a word is mostly one noun, verb or adjective in one sense, and that its
    synonym is too (`_wordnet.py` says how); words of at least four letters, no stop words, nothing capitalised inside
    of a sentence. Forms in -s give forms in -s; other inflected forms stay, and so does what would follow the wrong one
    of "a" and "an". WordNet is read from the folder `wordnet`, else from where Debian's packages wordnet-base and
    wordnet-sense-index or nltk put it. There is none of Chinese: no source with a licence for commercial use is kept.
    (Fellbaum, 1998, "WordNet: An Electronic Lexical Database"; replacement: Zhang et al., 2015, "Character-level
    Convolutional Networks for Text Classification".)

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     synonyms = Synonyms.example_in(Path(folder))
    ...     doc = Document("a", "Two cars met", "en")
    ...     [child.text for child in synonyms(doc, synonyms.rng(doc))]
    ['Two automobiles met']
    """

    places: ClassVar[frozenset[str]] = frozenset({"wordnet"})
    languages: ClassVar[tuple[str, ...]] = ("en",)
    texts = (("Anna bought a car .", "en", ()), ("Cars cost money in Paris .", "en", ()))

    share_of_words: float = Field(0.2, gt=0, le=1)
    wordnet: str = Field("", validate_default=True)

    _mentions: Mentions = PrivateAttr(default_factory=Mentions)

    @field_validator("wordnet")
    @classmethod
    def _there(cls, where: str) -> str:
        try:
            _wordnet.folder_of(where)
        except WrongUse as error:
            raise ValueError(str(error)) from error
        return where

    @classmethod
    def example_in(cls, folder: Path) -> Self:
        """One that reads a WordNet of two words, written into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        lines = ("automobile%1:06:00:: 02958343 1 5", "car%1:06:00:: 02958343 1 71")
        (folder / "index.sense").write_text("\n".join(lines) + "\n", encoding="utf-8")
        for name in _wordnet.FILES[1:]:
            (folder / name).write_text("", encoding="utf-8")
        return cls(wordnet=str(folder))

    def fingerprint(self) -> str:
        """Changes with the content of WordNet's files too."""
        return fingerprint(super().fingerprint(), _wordnet.digest(_wordnet.folder_of(self.wordnet)))

    def fitted(self, train: Iterable[Document]) -> Self:
        """This augmenter with the mentions of the training documents: none comes in without a label."""
        copy = self.model_copy()
        copy._mentions = Mentions(frozenset(doc.text[s.start : s.end] for doc in train for s in doc.spans or ()))
        return copy

    def draw(self, doc: Document, rng: Random) -> Made:
        """The document with synonyms in the place of words."""
        known = self._known
        places = [(a, b, others) for a, b in common_words(doc, 4) if (others := _fitting(doc.text, a, b, known))]
        if not places:
            raise Refused("no word outside of mentions has a synonym that is sure to fit")
        drawn = some(places, self.share_of_words, rng)
        edits = [Edit(a, b, cased(rng.choice(others), doc.text[a:b])) for a, b, others in drawn]
        pieces = pieces_of(len(doc.text), edits)
        if why := stranger(doc, pieces, self._mentions):
            raise Refused(why)
        return Made(pieces)

    @cached_property
    def _known(self) -> Mapping[str, tuple[str, ...]]:
        folder = _wordnet.folder_of(self.wordnet)
        return _wordnet.synonyms(folder, _wordnet.digest(folder))


def _fitting(text: str, start: int, end: int, known: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The synonyms of a word that fit behind the article before it."""
    word = text[start:end].lower()
    if word not in known or word in stop_words("en"):
        return ()
    article = _ARTICLE.search(text, max(0, start - 8), start)
    if article is None:
        return known[word]
    return tuple(other for other in known[word] if other.startswith(_VOWELS) == (article[1].lower() == "an"))
