"""segment_words sets tokens and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty_documents import documents

from pipeline.cleaning.segment_words import SegmentWords
from pipeline.types import Document, Span

STEP = SegmentWords()


def segmented(doc: Document, step: SegmentWords = STEP) -> Document:
    result = step(doc)
    assert isinstance(result, Document)
    return result


def tokens(doc: Document) -> list[str]:
    assert doc.tokens is not None
    return [doc.text[a:b] for a, b in doc.tokens]


def test_chinese_words_and_english_words_become_tokens() -> None:
    zh = segmented(Document("a", "江泽民　在北京说：好！", "zh"))
    assert tokens(zh) == ["江泽民", "在", "北京", "说", "：", "好", "！"]
    assert zh.text == "江泽民　在北京说：好！"
    assert tokens(segmented(Document("a", "Anna's EU-wide tour.", "en"))) == ["Anna's", "EU-wide", "tour", "."]
    assert segmented(Document("a", " \n", "en")).tokens == ()


def test_a_span_edge_inside_of_a_word_splits_the_word_and_the_span_stays() -> None:
    spans = (Span(1, 3, "LOC"), Span(3, 5, "PER"))
    doc = segmented(Document("a", "在北京大学", "zh", spans=spans))
    assert tokens(segmented(Document("a", "在北京大学", "zh"))) == ["在", "北京大学"]
    assert tokens(doc) == ["在", "北京", "大学"]
    assert doc.spans == spans


def test_tokens_of_the_source_are_kept_unless_they_are_to_be_replaced() -> None:
    doc = Document("a", "Bo met Al", "en", tokens=((0, 6), (7, 9)))
    assert STEP(doc) is doc
    assert tokens(segmented(doc, SegmentWords(replace=True))) == ["Bo", "met", "Al"]
    assert segmented(doc, SegmentWords(replace=True)) == segmented(replace(doc, tokens=None))


@given(documents(), st.sampled_from(["en", "zh"]))
def test_tokens_hold_everything_but_white_space_and_respect_spans(doc: Document, language: str) -> None:
    step = SegmentWords(replace=True)
    done = segmented(replace(doc, language=language), step)
    assert "".join(tokens(done)) == "".join(doc.text.split())
    assert (done.text, done.spans) == (doc.text, doc.spans)
    assert step(done) is done
    for span in done.spans or ():
        assert not any(a < edge < b for a, b in done.tokens or () for edge in (span.start, span.end))


@pytest.mark.parametrize(
    ("text", "language", "number"),
    [
        ("a " * 500_000, "en", 500_000),
        ("\n" * 1_000_000, "zh", 0),
        ("中" * 300_000, "zh", 299_999),
        ("x" * 1_000_000, "en", 1),
    ],
)
def test_a_megabyte_in_one_line_is_read_to_its_end(text: str, language: str, number: int) -> None:
    assert len(segmented(Document("a", text, language)).tokens or ()) == number


def test_as_many_spans_as_words_are_cut_in_one_pass() -> None:
    spans = tuple(Span(n, n + 1, "X") for n in range(0, 100_000, 2))
    doc = segmented(Document("a", "ab" * 50_000, "en", spans=spans))
    assert len(doc.tokens or ()) == 100_000
