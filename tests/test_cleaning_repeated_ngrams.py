"""Repeated n-grams, against a count in plain Python."""

from __future__ import annotations

import re
from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cleaning import _repeats, apply
from pipeline.cleaning.repeated_ngrams import RepeatedNgrams
from pipeline.frames import to_batch
from pipeline.types import Document, Rejected


def top(words: list[str], n: int) -> int:
    grams = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
    counts = {gram: count for gram, count in Counter(grams).items() if count > 1}
    return max((len("".join(gram)) * count for gram, count in counts.items()), default=0)


def repeated(words: list[str], n: int) -> int:
    seen, covered = set(), set()
    for i in range(len(words) - n + 1):
        gram = tuple(words[i : i + n])
        if gram in seen:
            covered |= set(range(i, i + n))
        seen.add(gram)
    return sum(len(words[i]) for i in covered)


@given(st.lists(st.text(alphabet="ab中国 ,", max_size=60), max_size=5), st.integers(2, 4))
def test_the_characters_are_those_of_a_count_in_plain_python(texts: list[str], step: int) -> None:
    words = [re.findall(r"[中国]|[ab]+", text) for text in texts]
    found = _repeats.pieces(pl.Series(texts, dtype=pl.String), at_least=1)
    assert found.characters().tolist() == [len("".join(w)) for w in words]
    for size, places, hashes in _repeats.repeats(found, [2, 2 + step, 2 + 2 * step]):
        assert _repeats.top_characters(found, size, places, hashes).tolist() == [top(w, size) for w in words]
        assert _repeats.repeated_characters(found, size, places, hashes).tolist() == [repeated(w, size) for w in words]


def reason(step: RepeatedNgrams, text: str, language: str = "en") -> str | None:
    result = step(Document("a", text, language))
    return result.reason if isinstance(result, Rejected) else None


def test_the_reason_names_the_first_n_gram_that_is_too_frequent() -> None:
    words = " ".join(f"w{n:03}" for n in range(60))
    assert reason(RepeatedNgrams(), words) is None
    assert reason(RepeatedNgrams(), words + " buy, NOW buy now!" * 9) is not None
    assert reason(RepeatedNgrams(), words + " go on" * 16) == (
        "one 2-gram makes up 64 of 304 characters; repeated_ngrams allows a share of 0.2"
    )
    twice = " ".join(f"w{n:03}" for n in range(15))
    assert reason(RepeatedNgrams(), f"{words} {twice}") == (
        "5-grams that stood before hold 60 of 300 characters; repeated_ngrams allows a share of 0.15"
    )
    part = " ".join(f"w{n:03}" for n in range(9))
    assert reason(RepeatedNgrams(), f"{words} new1 new2 {part}") == (
        "8-grams that stood before hold 36 of 284 characters; repeated_ngrams allows a share of 0.12"
    )


def test_texts_with_too_few_words_are_not_judged() -> None:
    assert reason(RepeatedNgrams(), "go on " * 24) is None
    assert reason(RepeatedNgrams(), "go on " * 25) == (
        "one 2-gram makes up 100 of 100 characters; repeated_ngrams allows a share of 0.2"
    )


def test_a_chinese_word_counts_as_two_characters() -> None:
    text = "".join(chr(0x4E00 + n) for n in range(90)) + "人民大会" * 6
    assert reason(RepeatedNgrams(), text, "zh") == (
        "one 4-gram makes up 24 of 114 characters; repeated_ngrams allows a share of 0.2"
    )
    text = "".join(chr(0x4E00 + n) for n in [*range(90), *range(9), *range(20, 29)])
    assert reason(RepeatedNgrams(), text, "zh") is None
    assert reason(RepeatedNgrams(), "人民" * 49, "zh") is None
    assert str(reason(RepeatedNgrams(), text, "en")).startswith("5-grams that stood before hold 18 of 108 characters")


def test_rows_of_both_languages_keep_their_reasons_over_many_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_repeats, "_CHUNK", 150)
    docs = [Document(str(n), "go on " * ((20 if n % 2 else 45) + n), "en" if n % 2 else "zh") for n in range(12)]
    kept, rejected = apply(RepeatedNgrams(), to_batch(docs))
    assert kept["id"].to_pylist() == ["0", "1", "2", "3", "4"]
    assert rejected["reason"].to_pylist() == [
        f"one {size}-gram makes up {n} of {n} characters; repeated_ngrams allows a share of 0.2"
        for size, n in [(2, 100), (4, 204), (2, 108), (4, 212), (2, 116), (4, 220), (2, 124)]
    ]


@pytest.mark.parametrize(
    ("text", "characters"), [("a " * 500_000, 500_000), ("中" * 300_000, 300_000), ("ab\n" * 300_000, 600_000)]
)
def test_a_megabyte_of_one_word_is_judged_like_any_other(text: str, characters: int) -> None:
    expected = f"one 2-gram makes up {characters} of {characters} characters; repeated_ngrams allows a share of 0.2"
    assert reason(RepeatedNgrams(), text) == expected


@pytest.mark.parametrize("text", ["\n" * 1_000_000, "x" * 1_000_000])
def test_a_megabyte_without_two_words_is_kept(text: str) -> None:
    assert reason(RepeatedNgrams(), text) is None
