"""What is asked of the words of a whole chunk is what is asked of one document after another."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty_documents import documents

from pipeline.augmentation._chunk import Chunk
from pipeline.augmentation._columnar import PLACES, fewest, fractions, some, turns
from pipeline.augmentation._eligible import eligible, eligible_characters
from pipeline.augmentation._letters import JOINS, LETTER, SPACE, bits, codes_of, text_of
from pipeline.augmentation._ranges import Ranges, between_spaces, count
from pipeline.composing import between_spaces as between_spaces_of_one
from pipeline.composing import in_word
from pipeline.frames import to_batch
from pipeline.types import Document, Span

LANGUAGES = ("en", "zh", "es")
ADDRESSES = [
    Document("a", "Write to [EMAIL] or bo@x.org about state-of-the-art don't", "en", spans=(Span(0, 5, "X"),)),
    Document("b", "see www.x.org/a-b now -- it 's x86 and 2nd", "en", tokens=((0, 3), (4, 17), (18, 21), (28, 30))),
    Document("c", "不好，看 https://x.org 北京2008 很特别", "zh", label="bad"),
    Document("d", "It is not bad, isn’t it? No!", "en", label="good"),
    Document("e", "", "en"),
    Document("f", " \u3000 ", "zh", tokens=()),
]


def chunk_of(docs: list[Document]) -> Chunk:
    return Chunk(to_batch(docs))


def check_words(docs: list[Document], chars: int) -> None:
    chunk = chunk_of(docs)
    assert chunk.lists(chunk.words(chars)) == [list(eligible(doc, chars)) for doc in docs]
    assert chunk.lists(chunk.characters()) == [list(eligible_characters(doc)) for doc in docs]


@pytest.mark.parametrize("chars", [1, 2, 4])
def test_words_outside_of_mentions_addresses_and_negations(chars: int) -> None:
    check_words(ADDRESSES, chars)
    check_words(ADDRESSES[::-1], chars)
    check_words([replace(doc, label="x") for doc in ADDRESSES], chars)
    words = [[doc.text[a:b] for a, b in eligible(doc)] for doc in ADDRESSES]
    assert words[0] == ["to", "or", "about", "state-of-the-art", "don't"]
    assert words[3] == ["It", "is", "bad", "it"], "a negation of a document with a label is none of them"


@given(
    docs=st.lists(documents(), min_size=1, max_size=6),
    languages=st.lists(st.sampled_from(LANGUAGES), min_size=6, max_size=6),
    labels=st.lists(st.sampled_from((None, "x")), min_size=6, max_size=6),
    shown=st.lists(st.booleans(), min_size=6, max_size=6),
    chars=st.integers(1, 3),
)
def test_words_of_whatever_texts(
    docs: list[Document], languages: list[str], labels: list[str | None], shown: list[bool], chars: int
) -> None:
    docs = [
        replace(doc, language=language, label=label, tokens=between_spaces_of_one(doc.text) if show else doc.tokens)
        for doc, language, label, show in zip(docs, languages, labels, shown, strict=False)
    ]
    check_words(docs, chars)
    chunk = chunk_of(docs)
    assert chunk.lists(between_spaces(chunk.bits, chunk.begins)) == [
        list(between_spaces_of_one(doc.text)) for doc in docs
    ]
    assert chunk.shown.tolist() == [
        doc.tokens is not None and [doc.text[a:b] for a, b in doc.tokens] == doc.text.split() for doc in docs
    ]
    assert [chunk.said(chunk.spans)] == [[doc.text[s.start : s.end] for doc in docs for s in doc.spans or ()]]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_characters_are(text: str) -> None:
    assert text_of(codes_of(text)) == text
    found = bits(codes_of(text))
    assert [bool(b & LETTER) for b in found] == [c.isalpha() for c in text]
    assert [bool(b & SPACE) for b in found] == [c.isspace() for c in text]
    assert [bool(b & JOINS) for b in found] == [in_word(c) for c in text]


def test_a_documents_numbers_depend_on_its_key_and_turn_and_are_even() -> None:
    keys = np.array([7, 8], np.uint64)
    row, turn = np.repeat([0, 1], 20_000), np.tile(np.arange(20_000), 2)
    drawn = fractions(keys, row, turn)
    assert np.array_equal(drawn[20_000:], fractions(keys[1:], np.zeros(20_000, int), np.arange(20_000)))
    assert len(np.unique(drawn)) == 40_000
    assert not np.array_equal(drawn, fractions(keys, row, PLACES + turn))
    assert 0 <= drawn.min() < 0.001
    assert 0.999 < drawn.max() < 1
    assert drawn.mean() == pytest.approx(0.5, abs=0.01)
    counts = np.bincount((drawn * 10).astype(int))
    assert counts.min() > 3_700
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.02


@pytest.mark.parametrize(
    ("share", "spared", "counts"),
    [(0.01, 0, [1, 0, 1]), (0.3, 0, [3, 0, 1]), (1.0, 0, [10, 0, 1]), (1.0, 1, [9, 0, 0])],
)
def test_a_share_is_drawn_in_order_at_least_one_and_some_are_spared(
    share: float, spared: int, counts: list[int]
) -> None:
    places = Ranges(np.array([0] * 10 + [2]), np.arange(11), np.arange(11) + 1)
    often: Counter[int] = Counter()
    for seed in range(200):
        drawn = some(places, np.array([seed, 0, seed], np.uint64), share, spared)
        assert count(drawn, 3).tolist() == counts
        assert drawn.start.tolist() == sorted(set(drawn.start.tolist()))
        often.update(drawn.start[drawn.row == 0].tolist())
    expected = 200 * counts[0] / 10
    assert all(abs(often[place] - expected) < 5 * expected**0.5 + 1 for place in range(10))


def test_the_smallest_numbers_of_each_document() -> None:
    places = Ranges(np.array([0, 0, 0, 1, 1]), np.arange(5), np.arange(5) + 1)
    chosen = fewest(places, np.array([0.3, 0.1, 0.2, 0.9, 0.8]), np.array([2, 1]))
    assert chosen.tolist() == [False, True, True, False, True]
    assert turns(places, 2).tolist() == [0, 1, 2, 0, 1]
