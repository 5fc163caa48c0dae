"""What normalize_unicode writes anew, what it leaves alone, and that spans travel."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mangled_texts import cleaned
from nasty_documents import documents, texts

from pipeline.cleaning.normalize_unicode import NormalizeUnicode
from pipeline.types import Document, Rejected, Span

STEP = NormalizeUnicode()


def clean(text: str) -> str:
    result = STEP(Document("a", text))
    assert isinstance(result, Document)
    return result.text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("１９９８年１２月", "1998年12月"),
        ("ＩＢＭ公司", "IBM公司"),
        ("（图片１张），“好”。：；！？、「」《》……——", "（图片1张），“好”。：；！？、「」《》……——"),
        ("１００．６２％", "100．62％"),
        ("e\u0301 ﬁ ① ㎡ ｶﾞ \u1100\u1161", "é fi 1 m2 ガ 가"),
        ("a\u200bb\ufeffc\u00add\x07e", "abcde"),
        ("نمی\u200cخواهم 👩\u200d💻", "نمی\u200cخواهم 👩\u200d💻"),
        ("caf´e 10\u00a0km", "caf´e 10 km"),
        ("（\u0301", "（\u0301"),
        ("（\u0301\u0323", "（\u0323\u0301"),
        ("\uff9e", "\u3099"),
        ("a\x0bb\x1cc\n", "a\x0bb\x1cc\n"),
    ],
)
def test_each_form_is_written_as_expected(before: str, after: str) -> None:
    assert clean(before) == after


def test_a_mark_that_an_invisible_character_parts_from_its_letter_joins_it_at_once() -> None:
    assert clean("a\u200b\u0301") == "á"


def test_a_span_travels_with_longer_and_shorter_forms() -> None:
    doc = Document("a", "㈱１９\u200b社 Ａnna", spans=(Span(1, 5, "ORG"), Span(6, 10, "PER")))
    result = STEP(doc)
    assert isinstance(result, Document)
    assert result.text == "(株)19社 Anna"
    assert [result.text[s.start : s.end] for s in result.spans or ()] == ["19社", "Anna"]


def test_a_span_is_not_joined_with_a_mark_beside_it() -> None:
    result = STEP(Document("a", "e\u0301", spans=(Span(0, 1, "PER"),)))
    assert isinstance(result, Document)
    assert (result.text, result.spans) == ("e\u0301", (Span(0, 1, "PER"),))


def test_a_span_of_invisible_characters_rejects_the_document() -> None:
    result = STEP(Document("a", "a\u200bb", spans=(Span(1, 2, "PER"),)))
    assert isinstance(result, Rejected)
    assert result.reason == "the span [1, 2) PER ('\\u200b') was edited away"


@given(documents())
def test_what_a_span_covers_afterwards_is_what_the_step_makes_of_it_alone(doc: Document) -> None:
    result = STEP(doc)
    if isinstance(result, Document):
        for before, after in zip(doc.spans or (), result.spans or (), strict=True):
            alone = clean(doc.text[before.start : before.end])
            assert result.text[after.start : after.end].strip() == alone.strip()
            assert before.label == after.label


@given(documents())
def test_a_second_run_changes_nothing(doc: Document) -> None:
    once = STEP(doc)
    if isinstance(once, Document):
        assert STEP(once) == once


@given(st.text(max_size=12) | texts)
@example("\u0344\u0301")
@example("（\u0301\u0323")
def test_any_text_at_all_is_stable_after_one_run_and_untouched_rows_do_not_change(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    rows = pl.DataFrame({"text": [text]}, schema={"text": pl.String})
    if not rows.select(STEP.touches(pl.col("text"))).item():
        assert once == text


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        ("ja", "ｶﾞ １９ ﬁ e\u0301 Å\u200b ㎡，（", "ｶﾞ １９ ﬁ é Å ㎡，（"),
        ("en", "ｶﾞ １９ ﬁ e\u0301 Å\u200b ㎡，（", "ガ 19 fi é Å m2，（"),
    ],
)
def test_a_language_may_have_the_form_that_only_composes(language: str, before: str, after: str) -> None:
    assert cleaned(NormalizeUnicode(forms={"ja": "NFC"}), before, language) == after


@given(st.lists(st.text(max_size=12) | texts, min_size=1, max_size=5), st.sampled_from(["ja", "en"]))
@example(["\U00100000，\U00100001é", "１\u0301", "\u1acf\U0001e030"], "en")
def test_whole_columns_get_what_each_document_gets(rows: list[str], language: str) -> None:
    step = NormalizeUnicode(forms={"ja": "NFC"})
    for one in (step, STEP):
        frame = pl.DataFrame({"text": rows, "language": [language] * len(rows)})
        whole = frame.select(one.rewrites(pl.col("text"))).to_series().to_list()
        assert [one(Document("a", row, language)) for row in rows] == [Document("a", text, language) for text in whole]


def test_every_character_alone_and_between_marks_is_written_the_same_in_whole_columns() -> None:
    characters = [chr(code) for code in range(0x20000) if not 0xD800 <= code < 0xE000]
    rows = [f"a{char}\u0327\u0301" for char in characters]
    whole = pl.DataFrame({"text": rows}).select(STEP.rewrites(pl.col("text"))).to_series().to_list()
    assert [row for row, text in zip(rows, whole, strict=True) if clean(row) != text] == []
