"""Rules that count words, letters and signs: what counts as one, and the number in the reason."""

from __future__ import annotations

import pytest

from pipeline.cleaning import CleaningStep, apply
from pipeline.cleaning.alphabetic_words import AlphabeticWords
from pipeline.cleaning.curly_brackets import CurlyBrackets
from pipeline.cleaning.flagged_words import FlaggedWords
from pipeline.cleaning.mean_word_length import MeanWordLength
from pipeline.cleaning.stop_words_present import StopWordsPresent
from pipeline.cleaning.symbol_share import SymbolShare
from pipeline.cleaning.word_count import WordCount
from pipeline.frames import to_batch
from pipeline.part import BadSettings, build
from pipeline.types import Document, Rejected


def reason(step: CleaningStep, text: str, language: str = "en") -> str | None:
    """Why the step drops the text, the same for a batch and for one document."""
    doc = Document("a", text, language)
    result = step(doc)
    said = result.reason if isinstance(result, Rejected) else None
    assert isinstance(result, Rejected) or result is doc
    kept, rejected = apply(step, to_batch([doc]))
    assert (rejected["reason"].to_pylist(), kept.num_rows) == (([said], 0) if said else ([], 1))
    return said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        (" \n\u3000", 0),
        ("Anna met Bo .", 4),
        ("don't\tstop—now", 2),
        ("江泽民，在北京。", 6),
        ("1998年IT业", 4),
        ("，。", 1),
        ("𠀀𠀀", 2),
    ],
)
def test_a_word_stands_between_white_space_or_is_a_chinese_character(text: str, words: int) -> None:
    assert reason(WordCount(at_least=words, at_most=max(1, words)), text) is None
    expected = f"the text has {words} words; word_count asks for {words + 1} to 9"
    assert reason(WordCount(at_least=words + 1, at_most=9), text) == expected


def test_too_many_words_are_as_wrong_as_too_few() -> None:
    step = WordCount(at_least=0, at_most=2)
    assert reason(step, "one two three") == "the text has 3 words; word_count asks for 0 to 2"


def test_words_of_three_to_ten_characters_on_average_are_kept() -> None:
    step = MeanWordLength()
    assert reason(step, "abc abc") is None
    assert reason(step, "abcdefghij") is None
    assert reason(step, "ab abc") == (
        "the mean word length is 2.5 characters (5 in 2 words); mean_word_length asks for 3.0 to 10.0"
    )
    assert reason(step, "abcdefghijk") == (
        "the mean word length is 11.0 characters (11 in 1 words); mean_word_length asks for 3.0 to 10.0"
    )
    assert reason(step, "") is None


def test_the_length_of_chinese_words_is_not_judged() -> None:
    assert reason(MeanWordLength(), "北京 上海", "zh") is None
    assert reason(MeanWordLength(), "北京 上海", "en") is not None


def test_hash_signs_and_ellipses_are_counted_apart() -> None:
    step = SymbolShare(at_most=0.5)
    assert reason(step, "#a b... c d…… ＃e f") is None
    assert reason(step, "#a #b #c d") == (
        "the text has 3 hash signs and 0 ellipses for 4 words; symbol_share allows 0.5 of either a word"
    )
    assert reason(step, "好……坏……") == (
        "the text has 0 hash signs and 2 ellipses for 2 words; symbol_share allows 0.5 of either a word"
    )
    assert reason(step, "wait.. what") is None


def test_a_word_with_one_letter_of_any_script_is_alphabetic() -> None:
    assert reason(AlphabeticWords(at_least=1), "3a Ω 北京，é नि") is None
    assert reason(AlphabeticWords(), "1998年 12 . — 3%") == (
        "1 of 6 words hold a letter; alphabetic_words asks for a share of 0.8"
    )
    assert reason(AlphabeticWords(), "") is None


def test_curly_brackets_are_counted_up_to_the_limit() -> None:
    assert reason(CurlyBrackets(at_most=2), "{a}") is None
    assert reason(CurlyBrackets(at_most=2), "{{a}") == "the text has 3 curly brackets; curly_brackets allows 2"
    assert reason(CurlyBrackets(), "｛a｝") is None


def test_stop_words_are_different_whole_words_in_any_case() -> None:
    step = StopWordsPresent()
    assert reason(step, "The end, of it") is None
    assert reason(step, "the The THE") == "the text holds 1 of 8 stop words; stop_words_present asks for 2"
    assert reason(step, "then often withal") == "the text holds 0 of 8 stop words; stop_words_present asks for 2"


def test_chinese_stop_words_stand_anywhere_and_other_languages_need_a_list() -> None:
    step = StopWordsPresent()
    assert reason(step, "他的书在这里", "zh") is None
    assert reason(step, "北京天津", "zh") == "the text holds 0 of 16 stop words; stop_words_present asks for 2"
    assert reason(step, "nada", "es") is None
    assert reason(StopWordsPresent(words=["el", "la"]), "el", "es") == (
        "the text holds 1 of 2 stop words; stop_words_present asks for 2"
    )


def test_a_flagged_word_is_whole_beside_chinese_too_and_a_space_is_any_white_space() -> None:
    step = FlaggedWords(words=["javascript", "lorem ipsum", "赌博", "c++", "<x>", "a.b"])
    for text in (
        "use JavaScript!",
        "用javascript写",
        "Lorem \t ipsum",
        "网上赌博网站",
        "in C++ only",
        "a <X> b",
        "a.b",
    ):
        assert str(reason(step, text)).startswith("1 of 1 lines hold a flagged word, first "), text
    for text in ("javascripts", "lorem", "赌 博", "c+", "axb", "loremipsum"):
        assert reason(step, text) is None, text


def test_a_share_of_lines_may_hold_a_flagged_word() -> None:
    step = FlaggedWords(words=["cookies", "javascript"], at_most=0.5)
    assert reason(step, "javascript\n\nnews") is None
    assert reason(step, "JavaScript is off\ncookies\nnews\n") == (
        "2 of 3 lines hold a flagged word, first 'cookies'; flagged_words allows a share of 0.5"
    )


@pytest.mark.parametrize("name", ["word_count", "mean_word_length"])
def test_a_lower_bound_above_the_upper_one_is_refused(name: str) -> None:
    with pytest.raises(BadSettings, match=r"at_least 5(\.0)? is more than at_most 4"):
        build("cleaning", {"use": name, "at_least": 5, "at_most": 4})


def test_an_empty_flagged_word_is_refused() -> None:
    with pytest.raises(BadSettings, match=r"words\.1: string should have at least 1 character"):
        build("cleaning", {"use": "flagged_words", "words": ["a", " "]})


LONG = {"words": "a " * 500_000, "lines": "\n" * 1_000_000, "han": "中" * 300_000, "word": "x" * 1_000_000}
REASONS = {
    "word_count": [
        "the text has 500000 words; word_count asks for 50 to 100000",
        "the text has 0 words; word_count asks for 50 to 100000",
        "the text has 300000 words; word_count asks for 50 to 100000",
        "the text has 1 words; word_count asks for 50 to 100000",
    ],
    "mean_word_length": [
        "the mean word length is 1.0 characters (500000 in 500000 words); mean_word_length asks for 3.0 to 10.0",
        None,
        "the mean word length is 1.0 characters (300000 in 300000 words); mean_word_length asks for 3.0 to 10.0",
        "the mean word length is 1000000.0 characters (1000000 in 1 words); mean_word_length asks for 3.0 to 10.0",
    ],
    "symbol_share": [None] * 4,
    "alphabetic_words": [None] * 4,
    "curly_brackets": [None] * 4,
    "flagged_words": [None] * 4,
    "stop_words_present": ["the text holds 0 of 8 stop words; stop_words_present asks for 2"] * 4,
}


@pytest.mark.parametrize("name", list(REASONS))
def test_a_megabyte_in_one_line_is_judged_like_any_other(name: str) -> None:
    step = build("cleaning", name)
    assert isinstance(step, CleaningStep)
    assert [reason(step, text) for text in LONG.values()] == REASONS[name]
