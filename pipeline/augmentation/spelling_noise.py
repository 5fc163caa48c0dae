"""Words replaced by how people misspell them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from pydantic import Field, field_validator

from pipeline.augmentation import Refused
from pipeline.augmentation._eligible import some
from pipeline.augmentation._nlpaug import Noise, handed
from pipeline.augmentation._nlpaug_classes import Step
from pipeline.language import en
from pipeline.types import Document, Range


class SpellingNoise(Noise):
    """Replaces a share of the words outside of mentions, at least one, by a known misspelling of each.

    Without `dictionary` nlpaug's own list is used, for English; words that it does not know stay. A line of a
    dictionary is a word and its misspellings with spaces between (UTF-8); with `reverse: true` it is read the other way
    too. For Chinese the words are characters. (nlpaug's SpellingAug and its list, which is that of Belinkov and Bisk,
    2018, "Synthetic and Natural Noise Both Break NMT".)

    >>> from pipeline.types import Span
    >>> doc = Document("a", "Anna came because", "en", spans=(Span(0, 4, "PER"),))
    >>> noise = SpellingNoise()
    >>> [child.text for child in noise(doc, noise.rng(doc))]
    ['Anna came beacase']
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

    def words(self, doc: Document, rng: Random) -> Sequence[Range]:
        """Some of the words that the dictionary knows; of a Chinese document characters."""
        if not self.dictionary and doc.language != en.CODE:
            raise Refused("nlpaug's own list is of English words; name a `dictionary` of this language")
        known = self.built[0].library.model.dict
        places = [(a, b) for a, b in handed(doc) if doc.text[a:b] in known]
        return some(places, self.share_of_words, rng)
