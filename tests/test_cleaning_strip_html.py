"""What strip_html removes, what it takes for text, and that spans travel."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from mangled_texts import cleaned, made_of

from pipeline.cleaning.strip_html import StripHtml
from pipeline.types import Document, Rejected, Span

STEP = StripHtml()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a <b>bold</b> word<br/>next", "a bold word\nnext"),
        ("H<sub>2</sub>O<!-- <p> --> &copy; &#65;&#x42; &nbsp;", "H2O © AB \u00a0"),
        ("<a title=\"x > y\" href='z'>link</a>", "link"),
        ("<b it's>x", "x"),
        ("<SCRIPT type=x>if (a < b) { '</b>' }</Script >after", "after"),
        ("<style>p {}</style><script>never closed", "never closed"),
        ("<!DOCTYPE html><?xml version='1.0'?>x", "x"),
        ("3 < 5 and <3, List<int>, <john@x.example>, a<-b", "3 < 5 and <3, List<int>, <john@x.example>, a<-b"),
        ("AT&T, R&D; &unknown; &copy", "AT&T, R&D; &unknown; &copy"),
        ("&amp;amp;lt;b&gt;x", "x"),
        ("&lt;script&gt;x&lt;/script&gt;y", "y"),
        ("<<b>b>x", "x"),
        ("<!-- open <i>x</i>", "<!-- open x"),
        ("<" * 20 + "b>" * 20 + "x", "b>" * 12 + "x"),
        ("&" + "amp;" * 1000, "&"),
        ("第一段</p><p>第二段", "第一段\n\n第二段"),
    ],
)
def test_markup_goes_and_text_stays(before: str, after: str) -> None:
    assert cleaned(STEP, before) == after


def test_a_span_travels_and_one_of_markup_rejects_the_document() -> None:
    result = STEP(Document("a", "<p><b>An</b>na &amp; Bo</p>", spans=(Span(3, 14, "PER"), Span(21, 23, "PER"))))
    assert isinstance(result, Document)
    assert [result.text[s.start : s.end] for s in result.spans or ()] == ["Anna", "Bo"]
    gone = STEP(Document("a", "a <b> c", spans=(Span(2, 5, "PER"),)))
    assert isinstance(gone, Rejected)
    assert gone.reason == "the span [2, 5) PER ('<b>') was edited away"


PIECES = (
    *("<", "<b>", "</b>", ">", "&amp;", "amp;", "&", "lt;", "&lt;", "&gt;", "<!--", "-->", "<script>", "</script>"),
    *('<p class="', "'", '"', "=", "b", "&#38;", "&#x3C;", "#60;", "3 ", "<div/>", "<!DOCTYPE html>", "<STYLE ", "\n"),
    *("&notit;", "&nbsp;", "&#0;", "&#xD800;", "İ", "ſ", "<i\x1c>"),
)


@given(made_of(*PIECES, most=12))
@settings(max_examples=300)
def test_whole_columns_get_the_same_and_a_second_run_changes_nothing(text: str) -> None:
    cleaned(STEP, text)
