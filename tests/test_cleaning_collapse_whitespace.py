"""What collapse_whitespace makes of white space, and that spans travel."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty_documents import documents, texts

from pipeline.cleaning.collapse_whitespace import CollapseWhitespace
from pipeline.types import Document, Rejected, Span

STEPS = st.sampled_from((CollapseWhitespace(), CollapseWhitespace(keep_newlines=True)))


@pytest.mark.parametrize(
    ("keep_newlines", "before", "after"),
    [
        (False, "  Bo \t met\u3000\u00a0Al\n", "Bo met Al"),
        (False, "one\r\n\r\ntwo", "one two"),
        (True, "one \r\n\r\n two  three\u2028four", "one\ntwo three\nfour"),
        (True, "\n one \n", "one"),
        (False, " \n ", ""),
    ],
)
def test_each_run_becomes_one_character(keep_newlines: bool, before: str, after: str) -> None:
    result = CollapseWhitespace(keep_newlines=keep_newlines)(Document("a", before))
    assert isinstance(result, Document)
    assert result.text == after


def test_a_span_of_white_space_rejects_the_document() -> None:
    result = CollapseWhitespace()(Document("a", "a  b", spans=(Span(1, 3, "PER"),)))
    assert isinstance(result, Rejected)
    assert result.reason == "the span [1, 3) PER ('  ') was edited away"


@given(STEPS, documents())
def test_what_a_span_covers_afterwards_is_what_the_step_makes_of_it_alone(
    step: CollapseWhitespace, doc: Document
) -> None:
    result = step(doc)
    if isinstance(result, Document) and result is not doc:
        for before, after in zip(doc.spans or (), result.spans or (), strict=True):
            alone = step(Document("b", doc.text[before.start : before.end]))
            assert isinstance(alone, Document)
            assert result.text[after.start : after.end] == alone.text


@given(STEPS, documents())
def test_a_second_run_changes_nothing(step: CollapseWhitespace, doc: Document) -> None:
    once = step(doc)
    if isinstance(once, Document):
        assert step(once) == once
        assert once.text == once.text.strip()


@given(STEPS, st.text(max_size=8) | texts)
def test_untouched_rows_do_not_change(step: CollapseWhitespace, text: str) -> None:
    rows = pl.DataFrame({"text": [text]}, schema={"text": pl.String})
    if not rows.select(step.touches(pl.col("text"))).item():
        assert step(Document("a", text)) == Document("a", text)


def test_every_character_that_python_calls_white_space_is_touched() -> None:
    odd = [chr(c) for c in range(0x110000) if chr(c).isspace() and chr(c) != " "]
    rows = pl.DataFrame({"text": [f"a{c}b" for c in odd]})
    assert rows.select(CollapseWhitespace().touches(pl.col("text"))).to_series().all()
