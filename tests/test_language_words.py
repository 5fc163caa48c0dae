"""Words: what counts as one, where it stands, and what a bag of words leaves out."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty_documents import texts

from pipeline.errors import WrongUse
from pipeline.language import words as view

ZH = "江泽民1998年在北京说：“中国IT业，很好！”"
EN = "Don't pay 3.50 (EU-wide) at 12:30 — see O’Neill's café, 北京 e\u0301t नि."


def test_chinese_words_come_from_the_segmenter_or_are_characters_where_asked_for() -> None:
    series = pl.Series([ZH, ""])
    assert view.words(series, "zh").to_list() == [
        ["江泽民", "1998", "年", "在", "北京", "说", "中国", "IT", "业", "很", "好"],
        [],
    ]
    assert view.words(series, "zh", chinese="characters").to_list() == [
        ["江", "泽", "民", "1998", "年", "在", "北", "京", "说", "中", "国", "IT", "业", "很", "好"],
        [],
    ]


def test_words_of_other_languages_keep_what_stands_inside_of_them() -> None:
    assert view.words(pl.Series([EN]), "en").to_list() == [
        ["Don't", "pay", "3.50", "EU-wide", "at", "12:30", "see", "O’Neill's", "café", "北", "京", "e\u0301t", "नि"]
    ]


def test_tokens_are_words_and_signs_with_their_places() -> None:
    found = [EN[a:b] for a, b in view.tokens(EN, "en")]
    assert found[:9] == ["Don't", "pay", "3.50", "(", "EU-wide", ")", "at", "12:30", "—"]
    assert found[9:] == ["see", "O’Neill's", "café", ",", "北", "京", "e\u0301t", "नि", "."]
    assert [ZH[a:b] for a, b in view.tokens(ZH, "zh")] == (
        ["江泽民", "1998", "年", "在", "北京", "说", "：", "“", "中国", "IT", "业", "，", "很", "好", "！", "”"]
    )


@pytest.mark.parametrize("language", ["en", "zh"])
@given(text=texts)
def test_tokens_are_in_order_and_leave_out_nothing_but_white_space(language: str, text: str) -> None:
    found = view.tokens(text, language)
    assert "".join(text[a:b] for a, b in found) == "".join(text.split())
    assert [edge for place in found for edge in place] == sorted(edge for place in found for edge in place)


def test_a_bag_of_words_is_lower_case_and_keeps_repeats() -> None:
    bag = view.bag_of_words(pl.Series(["The cat saw THE other Cat", ""]), "en", ["The"])
    assert bag.to_list() == [["cat", "saw", "other", "cat"], []]
    assert view.bag_of_words(pl.Series(["好，好的电影"]), "zh", view.stop_words("zh")).to_list() == [["电影"]]
    assert view.bag_of_words(pl.Series(["A b"]), "en").to_list() == [["a", "b"]]


def test_a_language_without_stop_words_says_what_would_be_right() -> None:
    assert "the" in view.stop_words("en")
    with pytest.raises(WrongUse, match="no stop words for 'tlh'; write the list into the recipe"):
        view.stop_words("tlh")


@pytest.mark.parametrize(
    ("text", "number"),
    [("a " * 500_000, 500_000), ("\n" * 1_000_000, 0), ("x" * 1_000_000, 1), ("e\u0301-" * 200_000, 2)],
)
def test_a_megabyte_in_one_line_is_read_to_its_end(text: str, number: int) -> None:
    assert len(view.tokens(text, "en")) == number


def test_a_megabyte_of_one_chinese_character_is_read_to_its_end() -> None:
    text = "中" * 300_000
    assert view.tokens(text, "zh")[-1] == (299_999, 300_000)
    assert view.words(pl.Series([text]), "zh").list.len().item() == 299_999


@given(st.lists(texts, max_size=4))
def test_the_character_view_finds_every_letter_in_both_views(lines: list[str]) -> None:
    series = pl.Series("text", lines, pl.String)
    for found, whole in zip(series.str.extract_all(view.PIECE), series.str.extract_all(r"\w"), strict=True):
        assert "".join(found) == "".join(whole)
