"""What remove_invisible drops, where joiners stay, and that spans travel."""

from __future__ import annotations

import pytest
from hypothesis import given
from mangled_texts import cleaned
from nasty_documents import texts

from pipeline.cleaning.remove_invisible import RemoveInvisible
from pipeline.types import Document, Rejected, Span

STEP = RemoveInvisible()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\u200bb\ufeffc\u00add\x07e\u202ef", "abcdef"),
        ("a\tb\nc\u3000d", "a\tb\nc\u3000d"),
        ("Ａ１ﬁ e\u0301", "Ａ１ﬁ e\u0301"),
        ("نمی\u200cخواهم", "نمی\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("👩\u200d💻 ❤\ufe0f\u200d🔥", "👩\u200d💻 ❤\ufe0f\u200d🔥"),
        ("pass\u200dword 中\u200c国", "password 中国"),
        ("\u200d\u200ca", "a"),
        ("نمی\u200b\u200c\u200dx", "نمی\u200c\u200dx"),
        ("a\u200b\u200d\u200bb", "ab"),
    ],
)
def test_what_nobody_sees_goes_and_joiners_stay_where_a_script_needs_them(before: str, after: str) -> None:
    assert cleaned(STEP, before) == after


def test_a_span_travels_and_one_of_nothing_else_rejects_the_document() -> None:
    result = STEP(Document("a", "a\u200bAn\u200dna", spans=(Span(2, 7, "PER"),)))
    assert isinstance(result, Document)
    assert (result.text, result.spans) == ("aAnna", (Span(1, 5, "PER"),))
    gone = STEP(Document("a", "a\u200bb", spans=(Span(1, 2, "PER"),)))
    assert isinstance(gone, Rejected)
    assert gone.reason == "the span [1, 2) PER ('\\u200b') was edited away"


@given(texts)
def test_whole_columns_get_the_same_and_a_second_run_changes_nothing(text: str) -> None:
    cleaned(STEP, text)
