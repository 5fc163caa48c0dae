"""fold_width folds digits and Latin letters and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from mangled_texts import cleaned
from nasty_documents import texts

from pipeline.cleaning.fold_width import FoldWidth
from pipeline.types import Document, Span


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("０１２３４５６７８９ ＡＭＺａｍｚ", "0123456789 AMZamz"),
        ("（１００．６２％），：；！？", "（100．62％），：；！？"),
        ("ｱｶﾞ①ﬁ㎡\u3000e\u0301", "ｱｶﾞ①ﬁ㎡\u3000e\u0301"),
    ],
)
def test_only_digits_and_latin_letters_are_folded(before: str, after: str) -> None:
    assert cleaned(FoldWidth(), before) == after


def test_offsets_stay() -> None:
    result = FoldWidth()(Document("a", "在ＩＢＭ１号", spans=(Span(1, 4, "ORG"),)))
    assert isinstance(result, Document)
    assert (result.text, result.spans) == ("在IBM1号", (Span(1, 4, "ORG"),))


@given(texts)
def test_whole_columns_get_the_same_and_a_second_run_changes_nothing(text: str) -> None:
    cleaned(FoldWidth(), text)
