"""Words replaced by how people misspell them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, field_validator

from pipeline.augmentation._chunk import Chunk
from pipeline.augmentation._columnar import Keys, some
from pipeline.augmentation._nlpaug import Noise
from pipeline.augmentation._nlpaug_classes import Step
from pipeline.augmentation._nlpaug_words import changeable
from pipeline.augmentation._ranges import Ranges
from pipeline.language import en


class SpellingNoise(Noise):
    """Replaces a share of the words outside of mentions, at least one, by a known misspelling of each.

    Without `dictionary` nlpaug's own list is used, for English; words that it does not know stay. A line of a
    dictionary is a word and its misspellings with spaces between (UTF-8); with `reverse: true` it is read the other way
    too. For Chinese the words are characters. (nlpaug's SpellingAug and its list, which is that of Belinkov and Bisk,
    2018, "Synthetic and Natural Noise Both Break NMT".)

    >>> from pipeline.types import Document, Span
    >>> doc = Document("a", "Anna came because", "en", spans=(Span(0, 4, "PER"),))
    >>> noise = SpellingNoise()
    >>> [child.text for child in noise(doc, noise.rng(doc))]
    ['Anna came becanse']
    """

    texts = (("they came because of the weather", "en", ()),)

    share_of_words: float = Field(0.1, gt=0, le=1)
    dictionary: str = ""
    reverse: bool = False

    @field_validator("dictionary")
    @classmethod
    def _readable(cls, path: str) -> str:
        if path:
            try:
                lines = Path(path).read_text(encoding="utf-8").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise ValueError(f"cannot be read as UTF-8: {error}") from error
            for number, line in enumerate(lines, 1):
                if len(line.split(" ")) < 2 or not all(line.split(" ")):
                    raise ValueError(f"{path}:{number}: a line is a word and its misspellings, one space between")
        return path

    @property
    def steps(self) -> tuple[Step, ...]:
        """SpellingAug."""
        settings: Mapping[str, Any] = {
            "dict_path": self.dictionary or None,
            "aug_p": 1.0,
            "aug_max": None,
            "include_reverse": self.reverse,
        }
        return (Step("SpellingAug", settings),)

    def unfit(self, chunk: Chunk) -> dict[int, str]:
        """Documents of another language than the list."""
        if self.dictionary:
            return {}
        why = "nlpaug's own list is of English words; name a `dictionary` of this language"
        return {row: why for row, language in enumerate(chunk.languages) if language != en.CODE}

    def handed(self, chunk: Chunk, keys: Keys) -> Ranges:
        """Some of the words that the dictionary knows; of a Chinese document characters."""
        known, words = self.built[0].library.model.dict, changeable(chunk)
        there = np.fromiter(map(known.__contains__, chunk.said(words)), bool, len(words))
        return some(words.where(there), keys, self.share_of_words)
