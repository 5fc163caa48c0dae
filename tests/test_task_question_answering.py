"""Questions: every character of a long context is reachable, answers keep their characters, scores counted by hand."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InvalidDocument
from pipeline.frames import Frame, to_table
from pipeline.quality.labels_known import LabelsKnown
from pipeline.source._joining import question as joined
from pipeline.task._answer_scores import exact_match, token_f1
from pipeline.task.question_answering import PREDICTIONS, QuestionAnswering
from pipeline.training._answers import best_answer, window_targets
from pipeline.training._examples import IGNORED, Encoder, gathered
from pipeline.types import Document, Rejected, Span
from tests.tiny_training import tiny_bert

TASK = QuestionAnswering()


@cache
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_bert(Path(mkdtemp())))


def asked(question: str, context: str, answer: str = "", start: int | None = None, **fields: Any) -> Document:
    text, spans = joined(context, question, (answer, start), "text", "question")
    return Document("a", text, spans=spans, source="q.jsonl:1", **fields)


def encoded(doc: Document, length: int = 16) -> Any:
    return Encoder(tokenizer(), TASK, length, casing=False).encode(to_table([doc]))


def perfect(examples: Any) -> list[Any]:
    """Log probabilities that put all they have on the targets of each window."""
    made = []
    for window in examples.windows:
        scores = np.full((2, len(window.ids)), -50.0, np.float32)
        scores[[0, 1], np.maximum(window.targets, 0)] = -0.01
        made.append(scores)
    return made


def test_a_short_question_is_encoded_as_the_tokenizer_encodes_two_texts() -> None:
    (window,) = encoded(asked("sad", "Bo went to", "went")).windows
    expected = tokenizer()("sad", "\nBo went to")
    assert window.ids.tolist() == expected["input_ids"]
    assert window.types.tolist() == expected["token_type_ids"]
    assert window.targets.tolist() == [5, 5]
    assert encoded(asked("sad", "Bo went to")).windows[0].targets.tolist() == [0, 0]


WORDS = st.lists(st.sampled_from(["to", "went", "Bo", "李鹏", "sad", "Zoë", "👩🏽", "."]), min_size=1, max_size=40)


@settings(deadline=None, max_examples=80)
@given(WORDS, st.data(), st.integers(14, 40), st.booleans())
def test_an_answer_anywhere_in_a_context_comes_back_with_its_characters(
    words: list[str], data: st.DataObject, length: int, last: bool
) -> None:
    context = " ".join(words)
    first = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(first, min(first + 1, len(words) - 1)))
    start = len(" ".join(words[:first])) + (first > 0)
    answer = " ".join(words[first : end + 1])
    if last:  # the question after its context
        spans = (Span(start, start + len(answer), "answer"), Span(len(context) + 1, len(context) + 4, "question"))
        doc = Document("a", f"{context} sad", spans=spans)
    else:
        doc = asked("sad", context, answer, start)
    examples = encoded(doc, length)
    assert sorted({p for w in examples.windows for p in range(w.first, w.end)}) == list(range(examples.pieces[0]))
    assert all(len(w.ids) <= length for w in examples.windows)
    (row,) = gathered(examples, perfect(examples), TASK).to_pylist()
    if examples.unlearned == [0]:
        assert (row["answer"], doc.text[row["start"] : row["end"]]) == (answer, answer)
        assert TASK.lost(doc, examples.units[0]) == 0
    else:
        assert all(w.targets.tolist() in ([0, 0], [IGNORED, IGNORED]) for w in examples.windows)


@given(st.integers(1, 30), st.integers(1, 12), st.data())
def test_an_answer_is_whole_in_a_window_where_it_is_no_longer_than_their_overlap(
    pieces: int, room: int, data: st.DataObject
) -> None:
    from pipeline.training._windows import windows

    first = data.draw(st.integers(0, pieces - 1))
    last = data.draw(st.integers(first, min(pieces - 1, first + room - max(room // 2, 1))))
    ranges = windows(pieces, room)
    targets = [window_targets(a, b, [first, last], 3, True, IGNORED) for a, b in ranges]
    assert [3 + first - a for (a, _), t in zip(ranges, targets, strict=True) if t != [0, 0]]


def test_an_answer_that_is_whole_in_no_window_is_counted_and_teaches_no_window_that_there_is_none() -> None:
    examples = encoded(asked("sad", "to " * 8 + "went " * 14, ("went " * 14).strip()))
    assert examples.unlearned == [1]
    assert [w.targets.tolist() for w in examples.windows if w.end > 8] == [[IGNORED] * 2] * sum(
        w.end > 8 for w in examples.windows
    )


def test_the_best_span_does_not_end_before_it_starts_nor_go_from_window_to_window() -> None:
    one = np.log(np.array([[0.1, 0.7, 0.1], [0.8, 0.05, 0.1]], np.float32))
    two = np.log(np.array([[0.2, 0.1], [0.1, 0.3]], np.float32))
    none = np.log(np.array([0.1, 0.1], np.float32))
    units = [(0, 1), (1, 2), (2, 3), (3, 4)]
    found = best_answer([(0, one, none), (2, two, none)], units)
    assert found[1].tolist() == pytest.approx([np.log(0.1 * 0.8), 0, 0])
    assert found[0].tolist() == pytest.approx([2 * np.log(0.1), -1, -1])
    assert best_answer([(0, one, none)], [(0, 1), (1, 2), (2, 2)])[1].tolist()[1:] == [0, 0]


@settings(deadline=None)
@given(st.integers(1, 7), st.integers(0, 999))
def test_the_best_span_is_that_of_trying_them_all(units: int, seed: int) -> None:
    scores = np.random.default_rng(seed).normal(size=(2, units)).astype(np.float32)
    found = best_answer([(0, scores, scores[:, 0])], [(i, i + 1) for i in range(units)])[1]
    each = {(i, j): float(scores[0, i] + scores[1, j]) for i in range(units) for j in range(i, units)}
    best = max(each, key=lambda pair: each[pair])
    assert (int(found[1]), int(found[2])) == best
    assert float(found[0]) == pytest.approx(each[best], abs=1e-5)


def test_no_answer_is_predicted_where_it_is_more_probable_in_every_window() -> None:
    doc = asked("sad", "Bo went")
    units = [[(4, 6), (7, 11)]]
    scores = [np.array([[-1.0, -1, -1], [-2.0, 0, 1]], np.float32)]
    assert TASK.predicted([doc], units, scores).to_pylist()[0]["answer"] == ""
    row = QuestionAnswering(unanswerable=False).predicted([doc], units, scores).to_pylist()[0]
    assert (row["answer"], row["start"], row["end"], row["score"]) == ("Bo went", 4, 11, -2.0)


@pytest.mark.parametrize(
    ("gold", "guess", "match", "f1"),
    [
        ("the Eiffel Tower", "Eiffel Tower!", 1.0, 1.0),
        ("in 1998", "1998", 0.0, 2 / 3),
        ("a a b", "a b b", 0.0, 2 / 3),  # "a" is an article
        ("北京大学", "北京", 0.0, 2 / 3),
        ("北京大学", "大北京", 0.0, 4 / 7),
        ("", "", 1.0, 1.0),
        ("", "Bo", 0.0, 0.0),
        ("Bo", "", 0.0, 0.0),
    ],
)
def test_answers_are_compared_as_squad_and_cmrc_do(gold: str, guess: str, match: float, f1: float) -> None:
    assert exact_match(gold, guess) == match
    assert token_f1(gold, guess) == pytest.approx(f1)


def test_scores_are_means_over_questions_with_intervals_and_a_baseline() -> None:
    docs = [asked("Who left?", "Bo left. It rained.", "Bo"), asked("Who came?", "It rained.")]
    gold = to_table([Document(f"{n}", d.text, spans=d.spans) for n, d in enumerate(docs)])
    guess = pa.table({"id": ["0", "1"], "answer": ["Bo left", ""]})
    evaluation = TASK.evaluate(gold, guess, gold.slice(0, 1))
    metrics = evaluation.metrics
    assert metrics["exact_match"] == 0.5
    assert metrics["answer_f1"] == pytest.approx((2 / 3 + 1) / 2)
    assert metrics["baseline_answer_f1"] == pytest.approx((2 / 3 + 0) / 2)  # "Bo left." and "It rained."
    assert metrics["answer_f1_low"] <= metrics["answer_f1"] <= metrics["answer_f1_high"]
    assert [row["support"] for row in evaluation.tables["Questions by kind"]] == [1, 1]
    never = TASK.evaluate(gold, guess, gold.slice(1, 1)).metrics
    assert never["baseline_answer_f1"] == 0.5
    assert TASK.headline_draws(gold, guess).shape == (1000,)
    with pytest.raises(InvalidDocument, match="same order"):
        TASK.evaluate(gold, guess.take(pa.array([1, 0])), gold)


def test_questions_are_sliced_and_wrong_answers_listed_by_kind_the_surest_first() -> None:
    cases = [
        ("Who left?", "Bo left.", "Bo", "Bo", "news"),
        ("Who left?", "Bo Berg left.", "Bo Berg", "Bo", "news"),
        ("Who left?", "Bo left Al.", "Bo", "Al", "wiki"),
        ("Who came?", "It rained.", "", "rained", "wiki"),
        ("Who fell?", f"Bo fell. {'It rained. ' * 12}", "Bo", "", "wiki"),
    ]
    docs, rows = [], []
    for n, (question, context, answer, guess, kind) in enumerate(cases):
        doc = asked(question, context, answer)
        docs.append(Document(f"{n}", doc.text, spans=doc.spans, source=f"{kind}.jsonl:{n}", groups={"kind": kind}))
        start = doc.text.index(guess) if guess else None
        where = {"start": start, "end": None if start is None else start + len(guess)}
        rows.append({"id": f"{n}", "answer": guess, **where, "score": -0.5, "no_answer_score": -0.25})
    gold = to_table(docs)
    evaluation = TASK.evaluate(gold, pa.Table.from_pylist(rows, schema=PREDICTIONS), gold)
    tables = evaluation.tables
    assert [(r["length"], r["exact_match"], r["support"]) for r in tables["Questions by length"]] == [
        ("1 to 10", 0.25, 4),
        ("21 to 40", 0.0, 1),
    ]
    by_group = [(r["value"], r["exact_match"], r["answer_f1"], r["support"]) for r in tables["Questions by group"]]
    assert by_group == [("wiki", 0.0, 0.0, 3), ("news", 0.5, pytest.approx((1 + 2 / 3) / 2), 2)]
    assert [r["source"] for r in tables["Questions by source"]] == ["wiki.jsonl", "news.jsonl"]
    shown = [(e["kind"], e["id"], e["gold"], e["predicted"]) for e in evaluation.errors]
    assert shown == [
        ("partial", "1", "Bo Berg", "Bo"),
        ("other", "2", "Bo", "Al"),
        ("spurious", "3", None, "rained"),
        ("missed", "4", "Bo", None),
    ]
    assert [e["score"] for e in evaluation.errors] == pytest.approx([np.exp(-0.5)] * 3 + [np.exp(-0.25)])
    assert (evaluation.errors[0]["question"], evaluation.errors[0]["text"]) == ("Who left?", docs[1].text)
    assert [r["questions"] for r in tables["Errors by kind"]] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("spans", "reason"),
    [
        (None, "the document is not annotated (spans are None): it needs a span 'question'"),
        ((Span(0, 2, "questoin"),), "unknown label 'questoin' of the span [0, 2) 'Bo'; did you mean 'question'?"),
        ((Span(3, 7, "question"),), "the question stands inside of the context; put it before or after all of it"),
        ((Span(0, 10, "question"),), "there is no context: nothing stands beside the question"),
        (
            (Span(0, 2, "question"), Span(3, 7, "answer"), Span(8, 10, "answer")),
            "there are 2 spans 'answer'; mark one, or none",
        ),
    ],
)
def test_what_is_no_question_is_rejected_with_its_place(spans: tuple[Span, ...] | None, reason: str) -> None:
    rejected = TASK.accept(Document("a", "Bo went to", source="q.jsonl:1", spans=spans))
    assert isinstance(rejected, Rejected)
    assert rejected.reason == f"q.jsonl:1: {reason}"


def test_a_question_without_an_answer_is_rejected_where_each_must_have_one() -> None:
    doc = asked("sad", "Bo went")
    assert TASK.accept(doc) == doc
    rejected = QuestionAnswering(unanswerable=False).accept(doc)
    assert isinstance(rejected, Rejected)
    assert "there is no span 'answer'" in rejected.reason


def test_a_question_that_leaves_no_room_is_refused_with_the_document_named() -> None:
    with pytest.raises(InvalidDocument, match=r"q\.jsonl:1: the question and its special tokens are 23 tokens"):
        encoded(asked("to " * 20, "Bo went"))


def test_gates_count_questions_and_answers() -> None:
    frame = Frame(to_table([asked("sad", "Bo went", "Bo")]), labels=TASK.labels)
    assert LabelsKnown().check(frame).message == "0 of 2 labels are not among question, answer"
