"""Characters of words inserted, substituted, swapped or deleted at random."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from pipeline.augmentation._chunk import Chunk
from pipeline.augmentation._columnar import Keys, some
from pipeline.augmentation._nlpaug import Noise
from pipeline.augmentation._nlpaug_classes import Step
from pipeline.augmentation._ranges import Ranges


class RandomCharacters(Noise):
    """Changes a share of the words outside of mentions, at least one, by at most `characters` letters each.

    `kind` says how: `insert` a small letter, `substitute` one, `swap` two neighbours, `delete`. Words of fewer than
    `shortest` letters stay. For English: a Latin letter is no slip of somebody who writes Chinese. (nlpaug's
    RandomCharAug; Belinkov and Bisk, 2018, "Synthetic and Natural Noise Both Break NMT".)

    >>> from pipeline.types import Document, Span
    >>> doc = Document("a", "Anna arrived", "en", spans=(Span(0, 4, "PER"),))
    >>> noise = RandomCharacters(kind="swap")
    >>> [child.text for child in noise(doc, noise.rng(doc))]
    ['Anna arrvied']
    """

    languages: ClassVar[tuple[str, ...]] = ("en",)
    named_by: ClassVar[tuple[str, ...]] = ("kind",)

    kind: Literal["insert", "substitute", "swap", "delete"] = "substitute"
    share_of_words: float = Field(0.1, gt=0, le=1)
    characters: int = Field(1, ge=1, le=100)
    shortest: int = Field(4, ge=2, le=100)

    @property
    def steps(self) -> tuple[Step, ...]:
        """RandomCharAug."""
        settings = {
            "action": self.kind,
            "aug_word_p": 1.0,
            "aug_word_max": None,
            "aug_char_max": self.characters,
            "min_char": self.shortest,
            "include_upper_case": False,
            "include_numeric": False,
            "spec_char": "",
        }
        return (Step("RandomCharAug", settings),)

    def handed(self, chunk: Chunk, keys: Keys) -> Ranges:
        """Some of the words that are long enough."""
        return some(chunk.words(self.shortest), keys, self.share_of_words)
