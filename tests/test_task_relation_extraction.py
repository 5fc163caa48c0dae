"""Relations: markers around two mentions, the one window that holds both, and scores counted by hand."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InvalidDocument
from pipeline.frames import Frame, to_table
from pipeline.part import BadSettings, build
from pipeline.quality.labels_known import LabelsKnown
from pipeline.task.relation_extraction import RelationExtraction
from pipeline.training._examples import Encoder
from pipeline.training._windows import window_around
from pipeline.types import Document, Rejected, Span
from tests.nasty_documents import texts
from tests.tiny_training import tiny_bert

TASK = RelationExtraction(labels=("from", "to", "none"), no_relation="none")


@cache
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_bert(Path(mkdtemp())))


def doc(text: str, head: tuple[int, int], tail: tuple[int, int], label: str | None = "from") -> Document:
    return Document("a", text, source="r.jsonl:3", spans=(Span(*head, "head"), Span(*tail, "tail")), label=label)


def test_markers_stand_around_the_mentions_in_either_order() -> None:
    assert TASK.reading(doc("Bo of Bern.", (0, 2), (6, 10))).text == "@ Bo @ of # Bern #."
    assert TASK.reading(doc("Bern has Bo", (9, 11), (0, 4))).text == "# Bern # has @ Bo @"
    assert TASK.reading(doc("李鹏北京", (0, 2), (2, 4))).text == "@ 李鹏 @ # 北京 #"


@given(texts, st.data())
def test_the_text_without_its_markers_is_the_document_and_the_mentions_stand_between_them(
    text: str, data: st.DataObject
) -> None:
    text = f"x{text}y{text}z"
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), min_size=4, max_size=4)))
    head, tail = (cuts[0], cuts[1]), (cuts[2], cuts[3])
    reading = TASK.reading(doc(text, head, tail))
    between = text[cuts[1] : cuts[2]] or " "
    marked = f"@ {text[slice(*head)]} @{between}# {text[slice(*tail)]} #"
    assert reading.text == text[: cuts[0]] + marked + text[cuts[3] :]
    assert reading.together is not None
    assert reading.text[slice(*reading.together)] == marked


@given(st.integers(1, 200), st.integers(1, 60), st.data())
def test_the_window_around_two_places_holds_both_and_fits(pieces: int, room: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, pieces - 1))
    end = data.draw(st.integers(start, min(pieces, start + room)))
    first, stop = window_around(pieces, room, (start, end))
    assert 0 <= first <= start <= end <= stop <= pieces
    assert stop - first == min(pieces, room)


def test_a_long_text_is_read_in_one_window_around_the_mentions_and_the_rest_is_counted() -> None:
    text = "to " * 30 + "Bo sad went" + " then" * 30
    examples = Encoder(tokenizer(), TASK, 16, casing=False).encode(to_table([doc(text, (90, 92), (97, 101))]))
    (window,) = examples.windows
    words = [tokenizer().convert_ids_to_tokens(int(i)) for i in window.ids]
    assert words.index("went") - words.index("B") == 5
    assert len(window.ids) == 16
    assert examples.unread == [68 - 14]  # 60 words beside, 2 + 1 + 1 pieces and 4 markers, in a room of 14


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 40), st.integers(0, 6), st.integers(0, 40))
def test_both_mentions_are_in_the_window_wherever_they_stand(before: int, between: int, after: int) -> None:
    text = "to " * before + "glad " + "to " * between + "sad" + " to" * after
    at, end = 3 * before, 3 * before + 5 + 3 * between
    examples = Encoder(tokenizer(), TASK, 18, casing=False).encode(to_table([doc(text, (at, at + 4), (end, end + 3))]))
    (window,) = examples.windows
    ids = set(window.ids.tolist())
    assert {tokenizer().convert_tokens_to_ids(w) for w in ("glad", "sad")} <= ids
    assert examples.unread == [max(0, before + between + after + 6 - 16)]


def test_mentions_that_are_farther_apart_than_a_window_are_refused_with_the_document_named() -> None:
    text = "Bo " + "to " * 20 + "sad"
    with pytest.raises(InvalidDocument) as error:
        Encoder(tokenizer(), TASK, 16, casing=False).encode(to_table([doc(text, (0, 2), (63, 66))]))
    assert str(error.value) == (
        "r.jsonl:3: the two marked mentions are 27 tokens apart, markers included, and a window has room for 14; "
        "leave the document out, or raise max_length"
    )


GOLD = to_table([Document(i, "x", label=label) for i, label in zip("abcd", ("from", "to", "none", "to"), strict=True)])
GUESS = pa.table({"id": list("abcd"), "label": ["from", "none", "to", "to"]})
TRAIN = to_table([Document("t", "x", label=label) for label in ("none", "none", "to")])


def test_scores_leave_out_no_relation_where_it_is_given_and_are_macro_where_not() -> None:
    metrics = TASK.evaluate(GOLD, GUESS, TRAIN).metrics
    assert metrics["relation_f1"] == pytest.approx(2 * 2 / (3 + 3))  # 2 right, 3 predicted, 3 in gold
    assert metrics["baseline_relation_f1"] == pytest.approx(2 * 2 / (4 + 3))  # "to" for all: the commonest relation
    assert metrics["accuracy"] == 0.5
    assert metrics["relation_f1_low"] <= metrics["relation_f1"] <= metrics["relation_f1_high"]
    every = RelationExtraction(labels=("from", "to", "none"))
    # from: 1; to: P 1/2, R 1/2, F 1/2; none: 0
    assert every.headline_value(GOLD, GUESS) == pytest.approx((1 + 0.5 + 0) / 3)
    assert every.headline_draws(GOLD, GUESS).shape == (1000,)


def test_other_names_for_the_two_mentions_are_read() -> None:
    task = RelationExtraction(labels=("from",), head_label="subject", tail_label="object")
    made = Document("a", "Bo of Bern", spans=(Span(0, 2, "subject"), Span(6, 10, "object")), label="from")
    assert task.accept(made) == made
    rejected = task.accept(doc("Bo of Bern", (0, 2), (6, 10)))
    assert isinstance(rejected, Rejected)
    assert "unknown label 'head' of the span [0, 2) 'Bo'; choose from object, subject" in rejected.reason


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"no_relation": "non"}, "no_relation is 'non', which is not one of labels; did you mean 'none'?"),
        ({"tail_label": "head"}, "head_label and tail_label are both 'head'; the two must differ"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings_: dict[str, Any], message: str) -> None:
    with pytest.raises(BadSettings) as error:
        build("task", {"use": "relation_extraction", "labels": ["from", "none"], **settings_})
    assert message in str(error.value)


def test_gates_count_relations_and_not_the_spans_of_mentions() -> None:
    docs = [doc("Bo of Bern", (0, 2), (6, 10), label) for label in ("from", "none", "form")]
    verdict = LabelsKnown().check(Frame(to_table(docs), labels=TASK.labels))
    assert (verdict.outcome, verdict.evidence["unknown"]) == ("failed", {"form": 1})
