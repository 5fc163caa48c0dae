"""What mask_urls takes for an address, where it ends, and what becomes of spans."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from mangled_texts import cleaned, made_of

from pipeline.cleaning import marked
from pipeline.cleaning.mask_urls import MaskUrls
from pipeline.types import Document, Rejected, Span


@pytest.mark.parametrize(
    ("domains", "before", "after"),
    [
        (False, "See https://a.example/x?y=1&z=(2). Or HTTP://B.example!", "See [URL]). Or [URL]!"),
        (False, "见http://a.example/b，和www.b.example/c。", "见[URL]，和[URL]。"),
        (False, "ftp://a.example/pub/ http://münchen.example", "[URL] [URL]"),
        (False, "http:// alone, www. too, example.com stays", "http:// alone, www. too, example.com stays"),
        (True, "example.com/a?b=1, bo@mail.com, setup.py", "[URL], bo@mail.com, setup.py"),
        (True, "b.cnhttp://a", "[URL][URL]"),
    ],
)
def test_addresses_become_marks(domains: bool, before: str, after: str) -> None:
    assert cleaned(MaskUrls(domains=domains), before) == after


def test_a_span_inside_of_an_address_covers_the_mark_and_two_reject_the_document() -> None:
    text = "at http://bo.example/al now"
    result = MaskUrls()(Document("a", text, spans=(Span(10, 12, "PER"),)))
    assert isinstance(result, Document)
    assert (result.text, result.spans) == ("at [URL] now", (Span(3, 8, "PER"),))
    both = MaskUrls()(Document("a", text, spans=(Span(10, 12, "PER"), Span(21, 23, "PER"))))
    assert isinstance(both, Rejected)
    assert both.reason.startswith("one edit reaches into both spans")


def test_marks_are_counted_by_kind() -> None:
    import pyarrow as pa

    assert marked([MaskUrls()], pa.array(["[URL] and [URL]", "none"])) == {"url": 2}


PIECES = (
    "http://",
    "https://",
    "www.",
    "a",
    ".",
    "com",
    "[URL]",
    "/",
    "?",
    "中",
    "!",
    "@",
    "b.cn",
    "x.com",
    "(",
    " ",
    "ſ",
    "é",
)


@given(made_of(*PIECES))
@settings(max_examples=300)
def test_whole_columns_get_the_same_and_a_second_run_changes_nothing(text: str) -> None:
    cleaned(MaskUrls(), text)
    cleaned(MaskUrls(domains=True), text)
