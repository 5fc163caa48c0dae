"""shuffle_segments permutes words and moves no mention."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty_documents import documents

from pipeline.augmentation import Refused
from pipeline.augmentation.shuffle_segments import ShuffleSegments
from pipeline.composing import composed
from pipeline.types import Document, Span


def texts(doc: Document, seeds: int = 100, **settings: object) -> set[str]:
    shuffle = ShuffleSegments.model_validate(settings)
    return {composed((doc,), shuffle.draw(doc, Random(seed)).pieces).text for seed in range(seeds)}


def test_words_stay_in_their_segment_and_white_space_in_its_place() -> None:
    doc = Document("a", "New York  saw two\tdogs", "en", spans=(Span(0, 8, "LOC"),))
    orders = ("saw two\tdogs", "saw dogs\ttwo", "two saw\tdogs", "two dogs\tsaw", "dogs saw\ttwo", "dogs two\tsaw")
    every = {f"{name}  {order}" for name in ("New York", "York New") for order in orders}
    assert texts(doc, 400, probability=0.5) == every - {doc.text}


def test_mentions_stay_letter_by_letter_where_the_recipe_says_so() -> None:
    doc = Document("a", "New York saw dogs", "en", spans=(Span(0, 8, "LOC"),))
    assert texts(doc, inside_mentions=False) == {"New York dogs saw"}


def test_a_word_that_touches_a_mention_does_not_move() -> None:
    doc = Document("a", "Paris, then and now. Rome", "en", spans=(Span(0, 5, "LOC"), Span(21, 25, "LOC")))
    assert texts(doc, probability=1) == {
        "Paris, then now. and Rome",
        "Paris, and then now. Rome",
        "Paris, and now. then Rome",
        "Paris, now. then and Rome",
        "Paris, now. and then Rome",
    }


def test_chinese_words_are_permuted_and_latin_ones_stay() -> None:
    doc = Document("a", "江泽民在2008年会见", "zh", spans=(Span(0, 3, "PER"),))
    assert texts(doc) == {
        f"江泽民{a}2008{b}{c}"
        for a, b, c in (
            ("在", "会见", "年"),
            ("年", "在", "会见"),
            ("年", "会见", "在"),
            ("会见", "在", "年"),
            ("会见", "年", "在"),
        )
    }


def test_in_a_document_with_a_label_words_stay_in_their_clause_and_the_clause_of_a_negation_stays() -> None:
    doc = Document("a", "it is big , not very cheap .", "en", label="bad")
    assert all(text.endswith(" , not very cheap .") for text in texts(doc))
    with pytest.raises(Refused, match="no segment has two different words"):
        ShuffleSegments().draw(Document("b", "质量很不好", "zh", label="bad"), Random(1))


def test_a_segment_of_one_word_is_refused() -> None:
    with pytest.raises(Refused, match="no segment has two different words"):
        ShuffleSegments().draw(Document("a", "Anna came came", "en", spans=(Span(0, 4, "PER"),)), Random(1))


@given(documents(), st.sampled_from(("en", "zh")))
def test_every_segment_keeps_its_characters(doc: Document, language: str) -> None:
    doc = Document("a", doc.text, language, spans=doc.spans)
    shuffle = ShuffleSegments(probability=0.9)
    for child in (c for c in shuffle(doc, Random(1)) if isinstance(c, Document)):
        edges = [0, *(at for s in doc.spans or () for at in (s.start, s.end)), len(doc.text)]
        for a, b in pairwise(edges):
            assert Counter(child.text[a:b]) == Counter(doc.text[a:b])
        assert child.spans == doc.spans


def test_mentions_are_declared_altered_only_where_they_may_be() -> None:
    assert ShuffleSegments().mentions == "altered"
    assert ShuffleSegments(inside_mentions=False).mentions == "kept"
