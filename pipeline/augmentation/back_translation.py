"""Texts translated into another language and back."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from random import Random
from typing import Any, ClassVar, Self

from pydantic import Field, PrivateAttr, field_serializer, field_validator

from pipeline.augmentation import Augmenter, Made, Refused, pieces_of
from pipeline.augmentation._entity_list import Mentions, stranger
from pipeline.augmentation._masks import FORMS, Mask, gaps, rate, restored
from pipeline.augmentation._translations import Translations
from pipeline.fingerprint import fingerprint
from pipeline.part import inside
from pipeline.splitting.placing import position
from pipeline.translator import NoSuchDirection, Translator
from pipeline.types import Document, Edit, Rejected

SAMPLE = 200  # documents that masks are tried on: a rate of 95 % is known to ±3 points
SHORTEST, LONGEST = 0.5, 2.0  # characters of a child for one of its parent: what is beyond was cut off or made up


class BackTranslation(Augmenter):
    """The text translated into the language `through` and back; mentions stay letter by letter.

    Every mention is replaced by a mask that the translator copies, and put back where the mask comes out. `fitted`
    tries several forms of masks on up to 200 training documents of a language and takes the one of which most texts
    have every mask back exactly once; where that share is below `at_least`, or the part was not fitted, the texts
    between the mentions are translated one by one. A document is refused where a mention is lost or doubled, a
    capitalised word or a mention of the training documents comes in without a label, a labelled text has another
    number of negations, the text comes back unchanged but for case and white space, or is less than half or more than
    twice as long. `cache` is a folder that keeps translations by content for the next run. (Sennrich et al., 2016,
    "Improving Neural Machine Translation Models with Monolingual Data"; between mentions: Yaseen and Langer, 2021,
    "Data Augmentation for Low-Resource Named Entity Recognition Using Backtranslation".)

    >>> again = BackTranslation(translator={"use": "glossary", "words": {"big": "grande", "large": "grande"}})
    >>> doc = Document("a", "A large city", "en", label="x", split="train")
    >>> [child.text for child in again.many([doc])]
    ['A big city']
    """

    example: ClassVar[Mapping[str, Any]] = {
        "translator": {"use": "glossary", "words": {"found": "encontró", "met": "encontró", "any": "no", "no": "no"}}
    }
    places: ClassVar[frozenset[str]] = frozenset({"cache"})
    apart: ClassVar[bool] = True

    translator: Any
    through: str = Field("es", pattern="^[a-z]{2,3}$")
    at_least: float = Field(0.95, ge=0, le=1)
    copies: int = Field(1, ge=1, le=1)  # a text comes back the same every time
    cache: str = ""

    _masks: Mapping[str, tuple[Mask, float]] = PrivateAttr(default_factory=dict)
    _mentions: Mentions = PrivateAttr(default_factory=Mentions)
    _together: dict[tuple[str, str], str] = PrivateAttr(default_factory=dict)  # language, text → what came back

    @field_validator("translator", mode="before")
    @classmethod
    def _built(cls, spec: object) -> Translator:
        part = inside("translator", spec)
        assert isinstance(part, Translator)
        return part

    @field_serializer("translator")
    def _told(self, translator: Translator) -> dict[str, Any]:
        return translator.settings(places=True)

    def fingerprint(self) -> str:
        """Changes with the translator's code and files as well."""
        return fingerprint(super().fingerprint(), self.translator.fingerprint())

    @property
    def survival(self) -> dict[str, tuple[str, float]]:
        """Language → the form of mask tried with most success, and the share of texts that it came back whole in."""
        return {language: (mask.form, share) for language, (mask, share) in self._masks.items()}

    def fitted(self, train: Iterable[Document]) -> Self:
        """This augmenter with the training documents' mentions and the masks that survive in them."""
        copy, known = self.model_copy(), set[str]()
        samples: dict[str, list[tuple[float, str, Document]]] = {}
        for doc in train:
            if doc.spans:
                known.update(doc.text[s.start : s.end] for s in doc.spans)
            if doc.spans and any(char.isalpha() for a, b in gaps(doc) for char in doc.text[a:b]):
                sample = samples.setdefault(doc.language, [])
                heapq.heappush(sample, (-position(doc.id, self.seed), doc.id, doc))
                if len(sample) > SAMPLE:
                    heapq.heappop(sample)
        copy._mentions = Mentions(frozenset(known))
        copy._masks = {
            language: best
            for language, sample in sorted(samples.items())
            if (best := self._best(language, [doc for _, _, doc in sorted(sample, key=lambda s: s[:2])]))
        }
        return copy

    def many(self, docs: Sequence[Document]) -> Iterator[Document | Rejected]:
        """Children of many documents: what is to be translated goes through the translator in one call each way."""
        asked: dict[str, list[str]] = {}
        for doc in docs:
            if self.rng(doc).random() < self.share:
                asked.setdefault(doc.language, []).extend(self._asked(doc))
        copy = self.model_copy()
        copy._together = {}
        for language, texts in sorted(asked.items()):
            for text, back in zip(texts, self._there_and_back(texts, language) or (), strict=False):
                copy._together[language, text] = back
        return super(BackTranslation, copy).many(docs)

    def draw(self, doc: Document, rng: Random) -> Made:
        """The pieces that the translation of a document is."""
        texts = self._asked(doc)
        known = [self._together[key] for text in texts if (key := (doc.language, text)) in self._together]
        back = known if len(known) == len(texts) else self._there_and_back(texts, doc.language)
        if back is None:
            raise Refused(f"the translator has no way from {doc.language or 'no language'} to {self.through} and back")
        pieces = self._pieces(doc, texts, back)
        text = "".join(doc.text[p.start : p.end] if p.text is None else p.text for p in pieces)
        if "".join(text.split()).casefold() == "".join(doc.text.split()).casefold():
            raise Refused("the text came back as it went")
        if not SHORTEST <= len(text) / len(doc.text) <= LONGEST:
            raise Refused("the text came back less than half or more than twice as long")
        if why := stranger(doc, pieces, self._mentions):
            raise Refused(why)
        return Made(pieces)

    def _asked(self, doc: Document) -> list[str]:
        """What of a document is translated: the text with masks, or what stands between its mentions."""
        mask = self._mask(doc)
        return [mask.put(doc)] if mask else [doc.text[a:b] for a, b in gaps(doc)]

    def _pieces(self, doc: Document, texts: Sequence[str], back: Sequence[str]) -> Sequence[Any]:
        mask = self._mask(doc)
        if mask is None:
            changed = zip(gaps(doc), texts, back, strict=True)
            return pieces_of(
                len(doc.text), [Edit(a, b, _begun(old, new)) for (a, b), old, new in changed if old != new]
            )
        if not mask.survived(texts[0], len(doc.spans or ())):
            raise Refused("a mention is part of a word, or the text holds what a mask looks like")
        if not mask.survived(back[0], len(doc.spans or ())):
            raise Refused("a mention was lost or doubled by the translator")
        return restored(doc, back[0], mask)

    def _mask(self, doc: Document) -> Mask | None:
        mask, share = self._masks.get(doc.language, (None, 0.0))
        return mask if doc.spans and share >= self.at_least else None

    def _best(self, language: str, docs: Sequence[Document]) -> tuple[Mask, float] | None:
        counts = [len(doc.spans or ()) for doc in docs]
        tried: list[tuple[float, Mask]] = []
        for mask in map(Mask, FORMS):
            back = self._there_and_back([mask.put(doc) for doc in docs], language)
            if back is None:
                return None
            tried.append((rate(counts, back, mask), mask))
            if tried[-1][0] == 1:
                break
        share, best = max(tried, key=lambda t: t[0])
        if share < self.at_least:
            logging.getLogger(__name__).warning(
                "%s: of %d texts in %s only %.1f %% have every mask (%s) back from %s, at_least is %.1f %%: "
                "what stands between mentions is translated piece by piece",
                *(self.name, len(docs), language, 100 * share, best.form, self.through),
                100 * self.at_least,
            )
        return best, share

    def _there_and_back(self, texts: Sequence[str], language: str) -> list[str] | None:
        """None where the translator cannot do this language."""
        try:
            return self._translations.there_and_back(texts, language, self.through)
        except NoSuchDirection:
            return None

    @cached_property
    def _translations(self) -> Translations:
        return Translations(self.translator, self.cache)


def _begun(old: str, new: str) -> str:
    """A translated piece of a sentence without the capital that a translator begins sentences with."""
    at = len(old) - len(old.lstrip())
    if old[at : at + 1].islower() and new[at : at + 1].isupper() and new[at + 1 : at + 2].islower():
        return new[:at] + new[at].lower() + new[at + 1 :]
    return new
