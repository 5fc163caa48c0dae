"""extract_main_text takes the main text out of pages and leaves everything else alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from mangled_texts import cleaned, made_of

from pipeline.cleaning.extract_main_text import ExtractMainText
from pipeline.types import Document, Rejected, Span

STEP = ExtractMainText()
PAGE = """<!DOCTYPE html><html><head><title>News</title><script>track()</script></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/about">About us</a></li></ul></nav>
<main><article><h1>Rain in Oslo</h1><p>It rained in Oslo for the third day in a row, said Anna &amp; Bo.</p>
<p>本报北京讯，今天下雨。</p></article></main><footer>Copyright, all rights reserved</footer></body></html>"""


def test_menus_scripts_and_footers_go() -> None:
    expected = "Rain in Oslo\n\nIt rained in Oslo for the third day in a row, said Anna & Bo.\n\n本报北京讯，今天下雨。"
    assert cleaned(STEP, PAGE) == expected


@pytest.mark.parametrize("text", ["a <b>bold</b> word", "<htmlx> and <bodyguard>", "3 < 5", ""])
def test_what_is_no_page_is_left_alone(text: str) -> None:
    doc = Document("a", text)
    assert STEP(doc) is doc


def test_a_page_with_spans_is_rejected_with_the_reason() -> None:
    result = STEP(Document("a", PAGE, spans=(Span(0, 9, "PER"),)))
    assert isinstance(result, Rejected)
    assert result.reason.startswith("the text is an HTML page and carries spans or tokens")


def test_a_page_annotated_with_nothing_is_extracted_like_a_bare_one() -> None:
    result = STEP(Document("a", "<html><body><p>Some words in a page.", spans=()))
    assert isinstance(result, Document)
    assert (result.text, result.spans) == ("Some words in a page.", ())


def test_a_page_that_shows_the_source_of_a_page_is_extracted_until_it_is_none() -> None:
    assert cleaned(STEP, "<html><p>&lt;html&gt;&lt;p&gt;inner words") == "inner words"


def test_a_page_nested_deeper_than_anyone_writes_gives_no_text() -> None:
    assert cleaned(STEP, "<html>" + "<div>" * 100_000 + "x") == ""


@given(
    made_of(
        "<html>", "<body>", "<p>", "&lt;html&gt;", "&amp;lt;html&amp;gt;", "a b", "<nav>", "\0", "中", "\n", "<pre>"
    )
)
@settings(max_examples=200)
def test_whole_columns_get_the_same_and_a_second_run_changes_nothing(text: str) -> None:
    cleaned(STEP, text)
