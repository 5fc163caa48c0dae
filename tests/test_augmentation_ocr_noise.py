"""ocr_noise takes one character for another as a scanner does."""

from __future__ import annotations

from random import Random

import pytest

from pipeline.augmentation import Refused
from pipeline.augmentation.ocr_noise import OcrNoise
from pipeline.composing import composed
from pipeline.types import Document, Span


def test_characters_become_their_doubles_outside_of_mentions() -> None:
    doc = Document("a", "Oslo has oil", "en", spans=(Span(0, 4, "LOC"),))
    noise = OcrNoise(share_of_words=1)
    made = {composed((doc,), noise.draw(doc, Random(n)).pieces).text for n in range(100)}
    assert made == {"Oslo ha8 0il", "Oslo ha8 oi1", "Oslo ha8 uil"}


def test_a_document_whose_words_have_no_character_with_a_double_is_refused() -> None:
    with pytest.raises(Refused, match="changed no word"):
        OcrNoise().draw(Document("a", "vv", "en"), Random(1))
