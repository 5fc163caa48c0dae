"""Words replaced by what a masked language model would say in their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import ClassVar, Self

from pydantic import Field, PrivateAttr

from pipeline.augmentation import Augmenter, Made, Refused, pieces_of
from pipeline.augmentation._eligible import eligible_characters, some
from pipeline.augmentation._entity_list import Mentions, stranger
from pipeline.augmentation._masked_model import Asked, MaskedModel, Place, Said, masked_model
from pipeline.augmentation._words import cased, common_words
from pipeline.fingerprint import fingerprint
from pipeline.language import zh
from pipeline.translator._model import contents
from pipeline.types import Document, Edit, Rejected


class ContextualWords(Augmenter):
    """Replaces a share of the words outside of mentions, at least one, by what a masked language model says there.

    Each is drawn among the `top_k` likeliest whole words, never the word itself or a negation: an English word for an
    English one (in small letters, its capital kept), a character for a Chinese one. All words of a text are masked at
    once, and texts of about one length are asked together, `batch_tokens` tokens at a time; what comes out does not
    depend on the others. A child is refused where a mention of the training documents would come in without a label.
    The label of a whole text is not looked at: "good" may become "bad". `model` is a folder that `save_pretrained`
    wrote, or a hub id; only a hub id asks the network, only safetensors are read. (Kobayashi, 2018, "Contextual
    Augmentation"; with BERT: Wu et al., 2019, "Conditional BERT Contextual Augmentation".)

    >>> ContextualWords(model="google-bert/bert-base-cased").top_k
    8
    """

    apart: ClassVar[bool] = True
    languages: ClassVar[tuple[str, ...]] = ("en", "zh")

    model: str = Field(min_length=1)
    share_of_words: float = Field(0.15, gt=0, le=1)
    top_k: int = Field(8, ge=1, le=100)
    batch_tokens: int = Field(2048, ge=16, le=1_048_576)

    _mentions: Mentions = PrivateAttr(default_factory=Mentions)
    _said: Mapping[Asked, Said] = PrivateAttr(default_factory=dict)

    @classmethod
    def example_in(cls, folder: Path) -> Self:
        """One with a model of random weights, written into a folder."""
        from pipeline.augmentation._tiny_model import tiny_model

        return cls(model=str(tiny_model(folder)))

    def fingerprint(self) -> str:
        """Changes with the files of a local model as well."""
        return fingerprint(super().fingerprint(), contents([self.model]))

    def fitted(self, train: Iterable[Document]) -> Self:
        """This augmenter with the mentions of the training documents: none comes in without a label."""
        copy = self.model_copy()
        copy._mentions = Mentions(frozenset(doc.text[s.start : s.end] for doc in train for s in doc.spans or ()))
        return copy

    def many(self, docs: Sequence[Document]) -> Iterator[Document | Rejected]:
        """Children of many documents: the model is asked for all of them first."""
        asked = dict.fromkeys(one for doc in docs for one in self._all_asked(doc))
        copy = self.model_copy()
        copy._said = dict(zip(asked, self._model.fill(list(asked), self.batch_tokens), strict=True)) if asked else {}
        for doc in docs:
            yield from copy(doc, copy.rng(doc))

    def draw(self, doc: Document, rng: Random) -> Made:
        """The document with the model's words."""
        asked = self._asked(doc, rng)
        if asked is None:
            raise Refused("there is no word outside of mentions to ask the model for")
        said = self._said.get(asked) or self._model.fill([asked], self.batch_tokens)[0]
        pairs = [(place, word) for place, word in zip(asked[2], said, strict=True) if word]
        if not pairs:
            raise Refused("the model has no other word, or the text is too long for it")
        edits = [Edit(start, end, cased(word, doc.text[start:end])) for (start, end, _), word in pairs]
        pieces = pieces_of(len(doc.text), edits)
        if why := stranger(doc, pieces, self._mentions):
            raise Refused(why)
        return Made(pieces)

    def _asked(self, doc: Document, rng: Random) -> Asked | None:
        """What the model is asked for one child; every number is drawn here, none after the model was asked."""
        words = eligible_characters(doc) if doc.language == zh.CODE else common_words(doc)
        if not words:
            return None
        drawn = some(words, self.share_of_words, rng)
        return doc.text, doc.language, tuple(Place(start, end, rng.random()) for start, end in drawn)

    def _all_asked(self, doc: Document) -> Iterator[Asked]:
        """What `__call__` will ask for all children of a document."""
        rng = self.rng(doc)
        if doc.language in self.languages and rng.random() < self.share:
            for _ in range(self.copies):
                if asked := self._asked(doc, rng):
                    yield asked

    @property
    def _model(self) -> MaskedModel:
        return masked_model(self.model, self.top_k, contents([self.model])[0])
