"""insert_words puts in words of the training documents, with the white space of the language."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty_documents import documents

from pipeline.augmentation import Refused
from pipeline.augmentation.insert_words import InsertWords
from pipeline.composing import composed
from pipeline.types import Document, Span

ENGLISH = [
    Document("a", "Anna bought Green apples", "en", spans=(Span(0, 4, "PER"),)),
    Document("b", "the apples did not travel to Rome .", "en", spans=(Span(29, 33, "LOC"),)),
]
CHINESE = [Document("c", "江泽民在北京的会议，圆满成功", "zh", spans=(Span(0, 3, "PER"), Span(4, 6, "LOC")))]


def texts(doc: Document, train: list[Document], seeds: int = 300) -> Counter[str]:
    insert = InsertWords().fitted(train)
    return Counter(composed((doc,), insert.draw(doc, Random(seed)).pieces).text for seed in range(seeds))


def test_words_come_from_outside_of_mentions_in_small_letters_without_stop_words_by_how_often_they_are_used() -> None:
    doc = Document("d", "Bo came", "en", spans=(Span(0, 2, "PER"),))
    found = texts(doc, ENGLISH, 1000)
    assert set(found) == {f"Bo came {word}" for word in ("apples", "bought", "green", "travel")}
    assert 340 <= found["Bo came apples"] <= 460, "two of five words are apples"


def test_chinese_words_stand_without_white_space() -> None:
    doc = Document("d", "邓小平去上海。", "zh", spans=(Span(0, 3, "PER"), Span(4, 6, "LOC")))
    assert set(texts(doc, CHINESE)) == {f"邓小平去{word}上海。" for word in ("会议", "圆满成功")}


def test_a_chinese_text_with_white_space_between_its_words_gets_more_of_it() -> None:
    doc = Document("d", "去 上海", "zh", spans=(Span(2, 4, "LOC"),), tokens=((0, 1), (2, 4)))
    assert set(texts(doc, CHINESE)) == {f"去 {word} 上海" for word in ("会议", "圆满成功")}


def test_a_language_learns_nothing_of_another() -> None:
    with pytest.raises(Refused, match="the training documents have no word to put in"):
        InsertWords().fitted(CHINESE).draw(ENGLISH[0], Random(1))


def test_a_word_that_is_followed_by_a_sign_gets_none_after_it() -> None:
    with pytest.raises(Refused, match="no word outside of mentions to put one after"):
        InsertWords().fitted(ENGLISH).draw(Document("d", "came, ", "en", spans=()), Random(1))


@given(st.lists(documents(), min_size=2, max_size=4), st.sampled_from(("en", "zh")))
def test_without_what_was_put_in_the_text_is_its_parents(docs: list[Document], language: str) -> None:
    train = [Document(f"{n}", d.text, language, spans=d.spans, tokens=d.tokens) for n, d in enumerate(docs)]
    insert = InsertWords(share_of_words=1).fitted(train)
    for child in (c for d in train for c in insert(d, insert.rng(d)) if isinstance(c, Document)):
        assert child.lineage is not None
        kept = "".join(docs[int(child.lineage.parents[0])].text[p.start : p.end] for p in child.lineage.pieces)
        assert kept == docs[int(child.lineage.parents[0])].text
        assert len(child.text) > len(kept)
