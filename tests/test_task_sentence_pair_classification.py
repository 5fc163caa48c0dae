"""Pairs: what the model reads of them, that nothing of a long one is cut off, and what is refused."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.cleaning.collapse_whitespace import CollapseWhitespace
from pipeline.cleaning.normalize_unicode import NormalizeUnicode
from pipeline.cleaning.remove_invisible import RemoveInvisible
from pipeline.errors import InvalidDocument, WrongUse
from pipeline.frames import Frame, to_table
from pipeline.quality.labels_covered import LabelsCovered
from pipeline.quality.labels_known import LabelsKnown
from pipeline.source._joining import pair as joined
from pipeline.task.sentence_pair_classification import SentencePairClassification
from pipeline.training._examples import Encoder
from pipeline.types import Document, Rejected, Span
from tests.nasty_documents import texts
from tests.tiny_training import tiny_bert

TASK = SentencePairClassification(labels=("same", "other"))


@cache
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_bert(Path(mkdtemp())))


def pair(first: str, second: str, **fields: Any) -> Document:
    text, spans = joined(first, second, "first", "second")
    return Document("a", text, spans=spans, source="p.csv:2", **{"label": "same", **fields})


def encoded(doc: Document, length: int) -> Any:
    return Encoder(tokenizer(), TASK, length, casing=False).encode(to_table([doc]))


def test_a_short_pair_is_encoded_as_the_tokenizer_encodes_two_texts() -> None:
    (window,) = encoded(pair("Bo went", "sad to"), 16).windows
    expected = tokenizer()("Bo went", "sad to")
    assert window.ids.tolist() == expected["input_ids"]
    assert window.types.tolist() == expected["token_type_ids"] == [0] * 5 + [1] * 3
    assert window.targets.tolist() == [0]


def test_a_long_second_text_goes_through_windows_that_all_hold_the_first() -> None:
    examples = encoded(pair("Bo went", "to " * 30, weight=2), 16)
    assert len(examples.windows) == 5
    head = tokenizer()("Bo went")["input_ids"]
    for window in examples.windows:
        assert window.ids.tolist()[: len(head)] == head
        assert len(window.ids) == 16
        assert window.weight == pytest.approx(2 / 5)
    assert sorted({p for w in examples.windows for p in range(w.first, w.end)}) == list(range(30))


@settings(deadline=None, max_examples=60)
@given(st.text("to Bo 李sad", min_size=1, max_size=12), texts, st.integers(16, 40))
def test_every_piece_of_the_second_text_is_in_a_window_with_all_of_the_first(
    first: str, second: str, length: int
) -> None:
    assume(first.strip() and second.strip())
    doc = pair(first, second)
    one, two = (tokenizer()(t.strip(), add_special_tokens=False)["input_ids"] for t in (first, second))
    if length - 3 - len(one) < min(len(two), length // 8):
        with pytest.raises(InvalidDocument, match=r"p\.csv:2: the first text"):
            encoded(doc, length)
        return
    examples = encoded(doc, length)
    begin = [tokenizer().cls_token_id, *one, tokenizer().sep_token_id]
    seen: dict[int, int] = {}
    for window in examples.windows:
        assert len(window.ids) == len(window.types) <= length
        assert window.ids[: window.lead].tolist() == begin
        assert window.ids[-1] == tokenizer().sep_token_id
        inner = window.ids[window.lead : -1].tolist()
        assert len(inner) == window.end - window.first
        seen |= dict(zip(range(window.first, window.end), inner, strict=True))
    assert [seen[p] for p in sorted(seen)] == two


def test_a_first_text_that_leaves_no_room_is_refused_with_the_document_named() -> None:
    with pytest.raises(InvalidDocument) as error:
        encoded(pair("to " * 20, "Bo went"), 16)
    assert str(error.value) == (
        "p.csv:2: the first text and its special tokens are 23 tokens, and a window has 16: nothing of it is cut off; "
        "shorten it, leave the document out, or raise max_length"
    )


def test_casing_is_refused_because_token_types_tell_the_texts_apart() -> None:
    with pytest.raises(WrongUse, match="casing: sentence_pair_classification has two texts"):
        Encoder(tokenizer(), TASK, 16, casing=True).encode(to_table([pair("Bo", "sad")]))


def test_the_two_texts_travel_through_cleaning() -> None:
    doc = pair("Ｂｏ\u200b  went ", " sad \n\n to")
    for step in (NormalizeUnicode(), RemoveInvisible(), CollapseWhitespace()):
        cleaned = step(doc)
        assert isinstance(cleaned, Document)
        doc = cleaned
    reading = TASK.reading(doc)
    assert (reading.first, reading.text) == ("Bo went", "sad to")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"spans": None},
            "the document is not annotated (spans are None): it needs a span 'first' and a span 'second'",
        ),
        ({"spans": (Span(0, 2, "first"),)}, "there are 0 spans 'second'; mark one"),
        (
            {"spans": (Span(0, 2, "first"), Span(3, 6, "secnd"))},
            "unknown label 'secnd' of the span [3, 6) 'sad'; did you mean 'second'?",
        ),
        ({"label": "samee"}, "unknown label 'samee'; did you mean 'same'?"),
        ({"label": None}, "the document has no label; choose from other, same"),
    ],
)
def test_what_is_no_pair_is_rejected_with_its_place_and_what_would_be_right(
    fields: dict[str, Any], reason: str
) -> None:
    known: dict[str, Any] = {"spans": (Span(0, 2, "first"), Span(3, 6, "second")), "label": "same", **fields}
    rejected = TASK.accept(Document("a", "Bo sad", source="p.csv:2", **known))
    assert isinstance(rejected, Rejected)
    assert rejected.reason == f"p.csv:2: {reason}"


def test_gates_count_the_labels_of_pairs_and_not_their_spans() -> None:
    docs = [
        pair("Bo", "sad", label=label, split=split)
        for split in ("train", "validation", "test")
        for label in ("same", "other")
    ]
    frame = Frame(to_table(docs), labels=TASK.labels)
    assert LabelsKnown().check(frame).message == "0 of 6 labels are not among same, other"
    assert (LabelsCovered().check(frame).outcome, LabelsCovered().check(frame).observed) == ("passed", 1)
    wrong = Frame(to_table([*docs, pair("Bo", "sad", label="samee")]), labels=TASK.labels)
    assert LabelsKnown().check(wrong).evidence["unknown"] == {"samee": 1}
