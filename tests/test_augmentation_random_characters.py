"""random_characters changes single letters of words outside of mentions, in one of four ways."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from random import Random
from typing import Literal

import pytest

from pipeline.augmentation import Refused
from pipeline.augmentation.random_characters import RandomCharacters
from pipeline.composing import composed
from pipeline.part import build
from pipeline.types import Document, Span

DOC = Document("a", "Anna paid", "en", spans=(Span(0, 4, "PER"),))


def made(kind: Literal["insert", "substitute", "swap", "delete"]) -> set[str]:
    noise = RandomCharacters(kind=kind)
    found = set()
    for n in range(200):
        with suppress(Refused):  # a letter drawn in the place of itself
            found.add(composed((DOC,), noise.draw(DOC, Random(n)).pieces).text)
    return found


def test_letters_are_swapped_with_a_neighbour_or_left_out() -> None:
    assert made("swap") == {"Anna apid", "Anna piad", "Anna padi"}
    assert made("delete") == {"Anna aid", "Anna pid", "Anna pad", "Anna pai"}


def test_letters_are_put_in_or_in_the_place_of_another() -> None:
    assert all(text.startswith("Anna ") and len(text) == 10 and text[5:].islower() for text in made("insert"))
    for text in made("insert"):
        assert not Counter(DOC.text) - Counter(text)
    assert all(text.startswith("Anna ") and len(text) == 9 and text[5:].islower() for text in made("substitute"))


def test_two_kinds_in_one_recipe_have_two_names() -> None:
    names = [build("augmentation", {"use": "random_characters", "kind": kind}).name for kind in ("swap", "delete")]
    assert names == ["random_characters_swap", "random_characters_delete"]


def test_short_words_stay() -> None:
    with pytest.raises(Refused, match="no word outside of mentions"):
        RandomCharacters().draw(Document("a", "so be it", "en"), Random(1))
