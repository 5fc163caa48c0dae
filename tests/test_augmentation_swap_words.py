"""swap_words exchanges neighbours and nothing else."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest
from hypothesis import given
from nasty_documents import documents

from pipeline.augmentation import Refused
from pipeline.augmentation.swap_words import SwapWords
from pipeline.composing import composed
from pipeline.types import Document, Span


def texts(doc: Document, share_of_words: float = 0.1, seeds: int = 60) -> set[str]:
    swap = SwapWords(share_of_words=share_of_words)
    return {composed((doc,), swap.draw(doc, Random(seed)).pieces).text for seed in range(seeds)}


def test_no_word_crosses_a_mention_or_a_sign_and_white_space_stays() -> None:
    doc = Document("a", "so then  Anna went home , by train", "en", spans=(Span(9, 13, "PER"),))
    assert texts(doc) == {
        "then so  Anna went home , by train",
        "so then  Anna home went , by train",
        "so then  Anna went home , train by",
    }
    assert texts(doc, 1) == {"then so  Anna home went , train by"}


def test_chinese_words_change_places_without_white_space() -> None:
    doc = Document("a", "江泽民在北京亲切会见代表", "zh", spans=(Span(0, 3, "PER"), Span(4, 6, "LOC")))
    assert texts(doc) == {"江泽民在北京会见亲切代表", "江泽民在北京亲切代表会见"}


def test_a_chinese_pair_that_would_run_into_latin_letters_stays() -> None:
    doc = Document("a", "A系统B", "zh", spans=(), tokens=((0, 1), (1, 3), (3, 4)))
    with pytest.raises(Refused, match="side by side"):
        SwapWords().draw(doc, Random(1))
    assert texts(Document("a", "A系统，", "zh", spans=(), tokens=((0, 1), (1, 3)))) == {"系统A，"}


def test_the_clause_of_a_negation_stays_where_the_document_has_a_label() -> None:
    assert texts(Document("a", "not good or cheap , very bad", "en", label="bad")) == {"not good or cheap , bad very"}
    assert texts(Document("b", "质量很不好，非常失望，价格比较便宜", "zh", label="bad")) == {
        "质量很不好，非常失望，比较价格便宜",
        "质量很不好，非常失望，价格便宜比较",
    }


@given(documents())
def test_the_characters_and_the_words_between_white_space_are_kept(doc: Document) -> None:
    swap = SwapWords(share_of_words=1)
    for child in swap(doc, Random(1)):
        if isinstance(child, Document):
            assert Counter(child.text) == Counter(doc.text)
            assert [child.text[s.start : s.end] for s in child.spans or ()] == [
                doc.text[s.start : s.end] for s in doc.spans or ()
            ]


def test_the_words_of_a_sentence_are_kept_and_its_white_space_stays_in_order() -> None:
    doc = Document("a", "the quick\tbrown  fox jumps\nover it", "en", spans=())
    for text in texts(doc, 0.8):
        assert Counter(text.split()) == Counter(doc.text.split())
        assert re.findall(r"\s+", text) == [" ", "\t", "  ", " ", "\n", " "]
