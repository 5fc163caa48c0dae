"""Characters of words replaced by others that a scanner takes for them."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from pipeline.augmentation._chunk import Chunk
from pipeline.augmentation._columnar import Keys, some
from pipeline.augmentation._nlpaug import Noise
from pipeline.augmentation._nlpaug_classes import Step
from pipeline.augmentation._ranges import Ranges


class OcrNoise(Noise):
    """Replaces characters of a share of the words outside of mentions by others that a scanner takes for them: l by 1.

    Of a word that is drawn at most `characters` change; a word with none that nlpaug knows a double of stays, and a
    document where that holds for all words drawn is refused. For English: for Chinese there is `shape_noise`.
    (nlpaug's OcrAug and its list.)

    >>> from pipeline.types import Document, Span
    >>> doc = Document("a", "Anna sold oil", "en", spans=(Span(0, 4, "PER"),))
    >>> noise = OcrNoise(share_of_words=1)
    >>> [child.text for child in noise(doc, noise.rng(doc))]
    ['Anna suld uil']
    """

    languages: ClassVar[tuple[str, ...]] = ("en",)
    texts = (("the old oil is sold", "en", ()),)

    share_of_words: float = Field(0.1, gt=0, le=1)
    characters: int = Field(1, ge=1, le=100)
    shortest: int = Field(2, ge=1, le=100)

    @property
    def steps(self) -> tuple[Step, ...]:
        """OcrAug."""
        settings = {
            "aug_word_p": 1.0,
            "aug_word_max": None,
            "aug_char_min": 1,
            "aug_char_max": self.characters,
            "min_char": self.shortest,
        }
        return (Step("OcrAug", settings),)

    def handed(self, chunk: Chunk, keys: Keys) -> Ranges:
        """Some of the words that are long enough."""
        return some(chunk.words(self.shortest), keys, self.share_of_words)
