"""replace_tokens draws from the tokens that training documents have in the same place."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty_documents import documents

from pipeline.augmentation import Refused
from pipeline.augmentation.replace_tokens import ReplaceTokens
from pipeline.composing import composed
from pipeline.types import Document, Span

ENGLISH = [
    Document("a", "Anna Berg came", "en", spans=(Span(0, 9, "PER"),)),
    Document("b", "Bo Lind went", "en", spans=(Span(0, 7, "PER"),)),
    Document("c", "Cy slept in Oslo", "en", spans=(Span(0, 2, "PER"), Span(12, 16, "LOC"))),
]
CHINESE = [
    Document("d", "江泽民在广东省深圳市", "zh", spans=(Span(0, 3, "PER"), Span(4, 10, "LOC"))),
    Document("e", "邓小平去吉林省长春市", "zh", spans=(Span(0, 3, "PER"), Span(4, 10, "LOC"))),
]


def texts(doc: Document, train: list[Document], probability: float, seeds: int = 200) -> Counter[str]:
    replace = ReplaceTokens(probability=probability).fitted(train)
    return Counter(composed((doc,), replace.draw(doc, Random(seed)).pieces).text for seed in range(seeds))


def test_a_token_becomes_one_of_the_same_label_and_place() -> None:
    words = {tuple(text.split(" ")) for text in texts(ENGLISH[0], ENGLISH, 1)}
    assert {first for first, _, _ in words} == {"Bo", "Cy"}
    assert {second for _, second, _ in words} == {"Lind"}
    assert {third for _, _, third in words} == {"went", "slept", "in"}


def test_where_chance_takes_no_token_one_is_taken() -> None:
    changed = [
        sum(a != b for a, b in zip(text.split(" "), ("Anna", "Berg", "came"), strict=True))
        for text in texts(ENGLISH[0], ENGLISH, 1e-9)
    ]
    assert set(changed) == {1}


def test_about_the_share_of_the_tokens_is_replaced() -> None:
    train = [Document(a, " ".join(f"{a}{b}x" for b in "abcdefghij"), "en", spans=()) for a in "pqrs"]
    found = texts(train[0], train, 0.3, 400)
    before = train[0].text.split()
    changed = sum(n * sum(a != b for a, b in zip(text.split(), before, strict=True)) for text, n in found.items())
    assert 1100 <= changed <= 1300, "0.3 of 4,000 tokens"


def test_chinese_tokens_are_cut_at_the_edges_of_mentions() -> None:
    assert set(texts(CHINESE[0], CHINESE, 1)) == {"邓小平去吉林省长春市"}


def test_words_outside_keep_their_shape() -> None:
    train = [Document("f", "Small words and LARGE ones or eBay", "en", spans=())]
    for text in texts(Document("g", "Ones NEVER seen", "en", spans=()), train, 1):
        first, second, third = text.split(" ")
        assert (first, second) == ("Ones", "NEVER"), "the training documents have one word each of these shapes"
        assert third in {"words", "and", "ones", "or"}


def test_a_part_of_a_word_stays_as_it_is() -> None:
    doc = Document("h", "the [Romes] of".replace("[", "").replace("]", ""), "en", spans=(Span(4, 8, "LOC"),))
    assert all("Romes" in text for text in texts(doc, [*ENGLISH, doc], 1))


def test_documents_that_are_not_annotated_or_have_a_label_are_refused() -> None:
    replace = ReplaceTokens().fitted(ENGLISH)
    with pytest.raises(Refused, match="it is not annotated"):
        replace.draw(Document("i", "Anna came", "en"), Random(1))
    with pytest.raises(Refused, match="could change its label"):
        replace.draw(Document("i", "Anna came", "en", spans=(), label="good"), Random(1))


@given(st.lists(documents(), min_size=2, max_size=4), st.sampled_from(("en", "zh")))
def test_labels_stay_in_order_and_every_new_token_is_one_of_the_training_documents(
    docs: list[Document], language: str
) -> None:
    train = [Document(f"{n}", d.text, language, spans=d.spans, tokens=d.tokens) for n, d in enumerate(docs)]
    replace = ReplaceTokens(probability=0.9).fitted(train)
    for doc in train:
        for child in (c for c in replace(doc, replace.rng(doc)) if isinstance(c, Document)):
            assert [s.label for s in child.spans or ()] == [s.label for s in doc.spans or ()]
            assert child.lineage is not None
            for piece in child.lineage.pieces:
                assert piece.text is None or any(piece.text in d.text for d in train)
