"""keyboard_noise hits neighbours on the keyboard, in words outside of mentions."""

from __future__ import annotations

from random import Random

import pytest

from pipeline.augmentation import Refused
from pipeline.augmentation.keyboard_noise import KeyboardNoise
from pipeline.composing import composed
from pipeline.types import Document, Rejected, Span


def test_one_letter_of_a_word_becomes_a_neighbour_of_it() -> None:
    doc = Document("a", "Anna ate figs", "en", spans=(Span(0, 4, "PER"),))
    noise = KeyboardNoise()
    made = {composed((doc,), noise.draw(doc, Random(n)).pieces).text for n in range(200)}
    assert {"Anna ate gigs", "Anna ate fogs", "Anna ate fihs", "Anna ate figa"} <= made
    assert all(text.startswith("Anna ate ") and text[9:].isalpha() and len(text) == 13 for text in made)
    assert all(sum(a != b for a, b in zip(text, doc.text, strict=True)) == 1 for text in made)


def test_signs_come_in_where_they_are_asked_for() -> None:
    doc = Document("a", "figs", "en", label="fruit")
    noise = KeyboardNoise(signs=True)
    made = {composed((doc,), noise.draw(doc, Random(n)).pieces).text for n in range(300)}
    assert any(not text.isalpha() for text in made)


def test_short_words_stay_and_chinese_is_refused() -> None:
    with pytest.raises(Refused, match="no word outside of mentions"):
        KeyboardNoise().draw(Document("a", "to be or not", "en"), Random(1))
    doc = Document("a", "他们在北京", "zh", spans=())
    [refused] = KeyboardNoise()(doc, Random(1))
    assert isinstance(refused, Rejected)
    assert refused.reason == "is for en only"
