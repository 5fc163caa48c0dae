"""spelling_noise writes known misspellings, of nlpaug's own list or of a file."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from pipeline.augmentation import Refused
from pipeline.augmentation.spelling_noise import SpellingNoise
from pipeline.composing import composed
from pipeline.part import BadSettings, build
from pipeline.types import Document, Span


def made(noise: SpellingNoise, doc: Document) -> set[str]:
    return {composed((doc,), noise.draw(doc, Random(n)).pieces).text for n in range(1000)}


def test_words_that_the_list_knows_are_misspelt_and_mentions_are_not() -> None:
    doc = Document("a", "because Because", "en", spans=(Span(8, 15, "PER"),))
    found = made(SpellingNoise(), doc)
    assert "becuse Because" in found
    assert all(text.endswith(" Because") for text in found)
    with pytest.raises(Refused, match="no word outside of mentions"):
        SpellingNoise().draw(Document("b", "zzyzx", "en"), Random(1))


def test_a_dictionary_of_ones_own_is_used_and_read_backwards_where_it_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "own.txt"
    file.write_text("colour color\n重 种 虫\n", encoding="utf-8")
    english, chinese = Document("a", "the color", "en"), Document("b", "江重视", "zh", spans=(Span(0, 1, "PER"),))
    assert made(SpellingNoise(dictionary=str(file)), chinese) == {"江种视", "江虫视"}
    assert made(SpellingNoise(dictionary=str(file), reverse=True), english) == {"the colour"}
    with pytest.raises(Refused, match="no word"):
        SpellingNoise(dictionary=str(file)).draw(english, Random(1))


def test_nlpaugs_own_list_is_not_used_for_another_language() -> None:
    with pytest.raises(Refused, match="name a `dictionary` of this language"):
        SpellingNoise().draw(Document("a", "因为", "zh"), Random(1))


def test_a_dictionary_that_cannot_be_read_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "own.txt"
    file.write_text("colour color\nalone\n", encoding="utf-8")
    with pytest.raises(BadSettings, match=r"own.txt:2: a line is a word and its misspellings"):
        build("augmentation", {"use": "spelling_noise", "dictionary": str(file)})
    with pytest.raises(BadSettings, match="cannot be read"):
        build("augmentation", {"use": "spelling_noise", "dictionary": str(tmp_path / "none.txt")})


def test_the_content_of_the_dictionary_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    file = tmp_path / "own.txt"
    file.write_text("colour color\n", encoding="utf-8")
    before = SpellingNoise(dictionary=str(file)).fingerprint()
    file.write_text("colour colr\n", encoding="utf-8")
    assert SpellingNoise(dictionary=str(file)).fingerprint() != before
