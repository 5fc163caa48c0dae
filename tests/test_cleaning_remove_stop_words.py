"""remove_stop_words leaves spans alone, parts what it must, and leaves nothing to remove behind."""

from __future__ import annotations

import pytest
from hypothesis import given
from nasty_documents import documents

from pipeline.cleaning import apply
from pipeline.cleaning.remove_stop_words import RemoveStopWords
from pipeline.errors import WrongUse
from pipeline.frames import documents_of, to_batch
from pipeline.types import Document, Rejected, Span

STEP = RemoveStopWords(words=["the", "of", "on", "的", "了"])


def removed(step: RemoveStopWords, doc: Document) -> Document:
    result = step(doc)
    assert isinstance(result, Document)
    return result


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The end of the line", " end   line"),
        ("of", ""),
        ("often on-line, the-end", "often on-line, the-end"),
        ("(the)of", "( ) "[:3]),
        ("", ""),
    ],
)
def test_whole_words_go_in_any_case_and_what_stood_beside_stays_parted(text: str, expected: str) -> None:
    assert removed(STEP, Document("a", text, "en")).text == expected


def test_chinese_words_are_those_of_the_segmenter() -> None:
    assert removed(STEP, Document("a", "他的书丢了，目的达到了。", "zh")).text == "他 书丢 ，目的达到 。"


def test_a_span_keeps_its_stop_words_and_travels() -> None:
    text = "The book of the Bank of England"
    doc = removed(STEP, Document("a", text, "en", spans=(Span(16, 31, "ORG"),)))
    assert doc.text == " book   Bank of England"
    assert [doc.text[s.start : s.end] for s in doc.spans or ()] == ["Bank of England"]
    only = Document("a", "the the", "en", spans=(Span(0, 3, "PER"),))
    assert removed(STEP, only).text == "the "


def test_the_lists_of_the_package_are_taken_by_language() -> None:
    docs = [Document("en", "This is about the cat", "en"), Document("zh", "我们在北京看电影", "zh")]
    kept, _ = apply(RemoveStopWords(), to_batch(docs))
    assert [d.text.split() for d in documents_of(kept)] == [["cat"], ["北京", "电影"]]
    with pytest.raises(WrongUse, match="no stop words for 'tlh'; write the list into the recipe"):
        RemoveStopWords()(Document("a", "x", "tlh"))


@given(documents())
def test_nothing_is_left_to_remove_and_spans_keep_their_text(doc: Document) -> None:
    step = RemoveStopWords(words=["a", "b", "中", "国", "，", "１", "Ａ"])
    once = step(doc)
    if isinstance(once, Rejected):
        assert any(not doc.text[s.start : s.end].strip() for s in doc.spans or ())
        return
    assert step(once) is once
    for before, after in zip(doc.spans or (), once.spans or (), strict=True):
        assert (
            once.text[after.start : after.end] == doc.text[before.start : before.end].strip() or once.text == doc.text
        )


@pytest.mark.parametrize(
    ("text", "language", "length"),
    [
        ("of the " * 150_000, "en", 300_000),
        ("\n" * 1_000_000, "en", 1_000_000),
        ("x" * 1_000_000, "en", 1_000_000),
        ("中" * 300_000, "zh", 300_000),
        ("的" * 300_000, "zh", 0),
    ],
)
def test_a_megabyte_in_one_line_is_read_to_its_end(text: str, language: str, length: int) -> None:
    assert len(removed(STEP, Document("a", text, language)).text) == length
