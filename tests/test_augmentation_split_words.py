"""split_words puts a space inside of words."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from nasty_documents import documents

from pipeline.augmentation import Refused
from pipeline.augmentation.split_words import SplitWords
from pipeline.composing import composed
from pipeline.types import Document, Rejected, Span


def texts(doc: Document, shortest: int = 4, share_of_words: float = 0.1) -> set[str]:
    split = SplitWords(shortest=shortest, share_of_words=share_of_words)
    return {composed((doc,), split.draw(doc, Random(seed)).pieces).text for seed in range(60)}


def test_a_long_word_outside_of_mentions_is_cut_between_two_letters() -> None:
    doc = Document("a", "Maria came to Paris in May", "en", spans=(Span(0, 5, "PER"), Span(14, 19, "LOC")))
    assert texts(doc) == {f"Maria {came} to Paris in May" for came in ("c ame", "ca me", "cam e")}


def test_every_word_is_cut_where_the_share_is_one_and_tokens_between_white_space_follow() -> None:
    doc = Document("a", "it is", "en", spans=(), tokens=((0, 2), (3, 5)))
    assert texts(doc, 2, 1) == {"i t i s"}
    (child,) = SplitWords(shortest=2, share_of_words=1)(doc, Random(1))
    assert isinstance(child, Document)
    assert child.tokens == ((0, 1), (2, 3), (4, 5), (6, 7))


def test_a_chinese_text_is_refused() -> None:
    (refused,) = SplitWords()(Document("a", "用Windows系统", "zh", spans=()), Random(1))
    assert isinstance(refused, Rejected)
    assert refused.reason == "is for en only"


def test_a_text_of_short_words_is_refused() -> None:
    with pytest.raises(Refused, match="no word of 4 letters outside of mentions"):
        SplitWords().draw(Document("a", "he ran off", "en", spans=()), Random(1))


@given(documents())
def test_without_its_white_space_the_text_is_its_parents(doc: Document) -> None:
    split = SplitWords(shortest=2, share_of_words=1)
    for child in split(Document("a", doc.text, "en", spans=doc.spans), Random(1)):
        if isinstance(child, Document):
            assert "".join(child.text.split()) == "".join(doc.text.split())
            assert len(child.text.split()) > len(doc.text.split())
