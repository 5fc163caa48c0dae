"""Letters of words replaced by their neighbours on a keyboard."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from pipeline.augmentation._chunk import Chunk
from pipeline.augmentation._columnar import Keys, some
from pipeline.augmentation._nlpaug import Noise
from pipeline.augmentation._nlpaug_classes import Step
from pipeline.augmentation._ranges import Ranges


class KeyboardNoise(Noise):
    """Replaces letters of a share of the words outside of mentions, of at least one, by neighbours on a keyboard.

    Of a word that is drawn at most `characters` letters change. Words of fewer than `shortest` letters stay. With
    `signs: true` digits, signs and capitals come in too. For English: on a Chinese keyboard one types sounds, see
    `homophone_noise`. (nlpaug's KeyboardAug; Belinkov and Bisk, 2018, "Synthetic and Natural Noise Both Break NMT".)

    >>> from pipeline.types import Document, Span
    >>> doc = Document("a", "Anna arrived", "en", spans=(Span(0, 4, "PER"),))
    >>> noise = KeyboardNoise()
    >>> [child.text for child in noise(doc, noise.rng(doc))]
    ['Anna arrjved']
    """

    languages: ClassVar[tuple[str, ...]] = ("en",)

    share_of_words: float = Field(0.1, gt=0, le=1)
    characters: int = Field(1, ge=1, le=100)
    shortest: int = Field(4, ge=1, le=100)
    signs: bool = False

    @property
    def steps(self) -> tuple[Step, ...]:
        """KeyboardAug."""
        settings = {
            "aug_word_p": 1.0,
            "aug_word_max": None,
            "aug_char_max": self.characters,
            "min_char": self.shortest,
            "include_special_char": self.signs,
            "include_numeric": self.signs,
            "include_upper_case": self.signs,
        }
        return (Step("KeyboardAug", settings),)

    def handed(self, chunk: Chunk, keys: Keys) -> Ranges:
        """Some of the words that are long enough."""
        return some(chunk.words(self.shortest), keys, self.share_of_words)
