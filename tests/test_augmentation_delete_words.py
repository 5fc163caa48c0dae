"""delete_words leaves out words outside of mentions, and a white space with each."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from nasty_documents import documents

from pipeline.augmentation import Refused
from pipeline.augmentation.delete_words import DeleteWords
from pipeline.composing import composed
from pipeline.types import Document, Span


def texts(doc: Document, share_of_words: float = 0.1, seeds: int = 60) -> set[str]:
    delete = DeleteWords(share_of_words=share_of_words)
    return {composed((doc,), delete.draw(doc, Random(seed)).pieces).text for seed in range(seeds)}


def test_one_word_goes_with_the_white_space_before_it_and_signs_and_numbers_stay() -> None:
    doc = Document("a", "Anna came , in 1998 , by train .", "en", spans=(Span(0, 4, "PER"),))
    assert texts(doc) == {
        "Anna , in 1998 , by train .",
        "Anna came , 1998 , by train .",
        "Anna came , in 1998 , train .",
        "Anna came , in 1998 , by .",
    }


def test_the_first_words_go_with_the_white_space_after_them() -> None:
    assert texts(Document("a", "two big dogs", "en", spans=()), 0.67) == {"two", "big", "dogs"}


def test_chinese_words_go_and_mentions_stay() -> None:
    doc = Document("a", "江泽民在北京会见代表", "zh", spans=(Span(0, 3, "PER"), Span(4, 6, "LOC")))
    assert texts(doc) == {"江泽民北京会见代表", "江泽民在北京代表", "江泽民在北京会见"}


def test_words_stay_between_which_two_others_would_run_together() -> None:
    doc = Document("a", "用Windows系统2000版", "zh", spans=())
    made = [child for seed in range(20) for child in DeleteWords(seed=seed)(doc, DeleteWords(seed=seed).rng(doc))]
    assert {child.text if isinstance(child, Document) else child.reason for child in made} == {
        "Windows系统2000版",
        "用系统2000版",
        "用Windows系统2000",
        "the words beside the one left out would run together",
    }


def test_a_negation_stays_where_the_document_has_a_label() -> None:
    doc = Document("a", "not good not cheap", "en", label="bad")
    assert texts(doc, 0.5) == {"not not cheap", "not good not"}


def test_a_text_of_one_word_is_refused() -> None:
    with pytest.raises(Refused, match="no two words outside of mentions"):
        DeleteWords().draw(Document("a", "Anna came", "en", spans=(Span(0, 4, "PER"),)), Random(1))


@given(documents())
def test_what_is_left_is_the_text_without_the_words_and_white_space(doc: Document) -> None:
    delete = DeleteWords(share_of_words=0.9)
    for child in delete(doc, Random(1)):
        if isinstance(child, Document):
            letters = iter(doc.text)
            assert all(char in letters for char in child.text), "the letters of the child stand in the parent in order"
            assert len(child.spans or ()) == len(doc.spans or ())
