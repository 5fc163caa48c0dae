"""NER: BIO and back, and every number against one that was counted by hand."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InvalidDocument
from pipeline.frames import to_table
from pipeline.task._bio import best_paths, decode, encode, stray
from pipeline.task._mentions import lengths_of, longest_matches, majority_labels, rows_of
from pipeline.task.ner import PREDICTIONS, Ner
from pipeline.types import Document, Rejected, Span

LABELS = ("PER", "LOC")
TASK = Ner(labels=LABELS)
NASTY = "aZ é\u0301\u0308ß中国李\U0001f468\u200d\U0001f469Ж١\u0644\u200bﷺ\ud7a3-.\n"
CONLL = Path(os.environ.get("GRISTMILL_TEST_DATA", Path(__file__).parents[2] / "shared" / "data")) / "conll2003"


@st.composite
def annotated(draw: st.DrawFn) -> tuple[str, list[tuple[int, int, str]]]:
    text = draw(st.text(NASTY, min_size=1, max_size=40))
    edges = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    ranges = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    return text, [(a, b, draw(st.sampled_from(LABELS))) for a, b in ranges]


@settings(deadline=None)
@given(annotated())
def test_spans_come_back_from_their_bio_classes_over_characters(case: tuple[str, list[tuple[int, int, str]]]) -> None:
    text, spans = case
    units = [(i, i + 1) for i in range(len(text))]
    assert decode(encode(spans, units, LABELS), units, LABELS) == spans


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), max_size=12))
def test_decoding_any_classes_gives_sorted_disjoint_spans_that_encode_to_valid_bio(classes: list[int]) -> None:
    units = [(i, i + 1) for i in range(len(classes))]
    again = encode(decode(classes, units, LABELS), units, LABELS)
    assert stray(again) == 0
    assert [c > 0 for c in again] == [c > 0 for c in classes]


@settings(deadline=None)
@given(st.lists(st.lists(st.lists(st.floats(-9, 0), min_size=5, max_size=5), max_size=6), max_size=5))
def test_a_best_path_is_valid_and_no_valid_path_is_more_probable(scores: list[list[list[float]]]) -> None:
    arrays = [np.array(s, np.float32).reshape(-1, 5) for s in scores]
    for score, path in zip(arrays, best_paths(arrays), strict=True):
        assert len(path) == len(score)
        assert stray(path.tolist()) == 0
        if stray(score.argmax(1).tolist()) == 0 and len(score):
            assert score[range(len(score)), path].sum() == pytest.approx(score.max(1).sum(), abs=1e-4)


def test_the_only_probable_tag_a_stray_inside_becomes_a_begin() -> None:
    score = np.log(np.array([[0.1, 0.3, 0.58, 0.01, 0.01], [0.1, 0.1, 0.78, 0.01, 0.01]], np.float32))
    table = TASK.predicted([Document("a", "李鹏")], [[(0, 1), (1, 2)]], [score])
    row = table.to_pylist()[0]
    assert (row["id"], row["repairs"]) == ("a", 1)
    assert [(s["start"], s["end"], s["label"]) for s in row["spans"]] == [(0, 2, "PER")]
    assert row["spans"][0]["score"] == pytest.approx((0.3 + 0.78) / 2)


def test_a_document_without_annotation_and_one_with_an_unknown_label_are_rejected_with_their_place() -> None:
    bare = TASK.accept(Document("a", "Bo", source="train.txt:7"))
    assert isinstance(bare, Rejected)
    assert bare.reason.startswith("train.txt:7: the document is not annotated")
    wrong = TASK.accept(Document("a", "Bo met", source="train.txt:8", spans=(Span(0, 2, "PERS"),)))
    assert isinstance(wrong, Rejected)
    assert wrong.reason == "train.txt:8: unknown label 'PERS' of the span [0, 2) 'Bo'; did you mean 'PER'?"


def spans(*found: tuple[int, int, str]) -> tuple[Span, ...]:
    return tuple(Span(*f) for f in found)


TEST = to_table(
    [
        Document("a", "Bo met Al", group_id="g1", spans=spans((0, 2, "PER"), (7, 9, "PER"))),
        Document("b", "in Bern", group_id="g2", spans=spans((3, 7, "LOC"))),
        Document("c", "no one", group_id="g2", spans=()),
    ]
)
TRAIN = to_table([Document("t", "Bo in Rome", spans=spans((0, 2, "PER"), (6, 10, "LOC")))])


def predicted(*rows: list[tuple[int, int, str]]) -> pa.Table:
    made = [
        {"id": i, "spans": [{"start": a, "end": b, "label": label, "score": 0.5} for a, b, label in row], "repairs": 1}
        for i, row in zip("abc", rows, strict=True)
    ]
    return pa.Table.from_pylist(made, schema=PREDICTIONS)


def test_scores_are_those_counted_by_hand() -> None:
    # right: Bo. wrong label: Bern as PER. missed: Al. invented: "no" as LOC. tp 1, predicted 3, gold 3.
    found = predicted([(0, 2, "PER")], [(3, 7, "PER")], [(0, 2, "LOC")])
    evaluation = TASK.evaluate(TEST, found, TRAIN)
    metrics = evaluation.metrics
    assert metrics["entity_precision"] == pytest.approx(1 / 3)
    assert metrics["entity_recall"] == pytest.approx(1 / 3)
    assert metrics["entity_f1"] == pytest.approx(1 / 3)
    assert metrics["entity_f1_low"] <= metrics["entity_f1"] <= metrics["entity_f1_high"]
    assert metrics["entity_f1_seen"] == 1.0  # Bo
    assert metrics["entity_f1_unseen"] == 0.0  # Al and Bern of the gold, Bern and "no" of the predictions
    assert metrics["baseline_entity_f1"] == pytest.approx(2 / 4)  # finds Bo only: precision 1, recall 1/3
    assert metrics["bio_repairs"] == 3
    assert TASK.headline_value(TEST, found) == metrics["entity_f1"]
    per, loc = evaluation.tables["Mentions by label"]
    assert (per["precision"], per["recall"], per["support"]) == (0.5, 0.5, 2)
    assert (loc["precision"], loc["recall"], loc["support"]) == (0.0, 0.0, 1)
    assert evaluation.tables["Mentions confused"] == [
        {"gold": "PER", "PER": 1, "LOC": 0, "none": 1},
        {"gold": "LOC", "PER": 1, "LOC": 0, "none": 0},
        {"gold": "none", "PER": 0, "LOC": 1, "none": 0},
    ]


def test_the_token_report_counts_characters_without_white_space_where_there_are_no_tokens() -> None:
    found = predicted([(0, 2, "PER")], [(3, 7, "PER")], [(0, 2, "LOC")])
    rows = {r["tag"]: r for r in TASK.evaluate(TEST, found, TRAIN).tables["Tokens by tag"]}
    assert rows["O"]["support"] == 3 + 2 + 5  # "met", "in", "noone"
    assert (rows["B-PER"]["support"], rows["I-PER"]["support"]) == (2, 2)
    assert rows["B-PER"]["precision"] == 0.5
    # right: B-PER I-PER of Bo, met, in, "one": 2 + 3 + 2 + 3 of 18
    assert rows["micro avg"]["f1"] == pytest.approx(10 / 18)
    assert rows["micro avg"]["support"] == 18


def test_perfect_predictions_score_one_and_none_score_zero() -> None:
    gold = [[(s["start"], s["end"], s["label"]) for s in row] for row in TEST.column("spans").to_pylist()]
    assert TASK.evaluate(TEST, predicted(*gold), TRAIN).metrics["entity_f1"] == 1.0
    assert TASK.evaluate(TEST, predicted([], [], []), TRAIN).metrics["entity_f1"] == 0.0


def test_the_interval_is_the_same_twice_and_wider_over_groups_than_over_nothing() -> None:
    found = predicted([(0, 2, "PER")], [(3, 7, "LOC")], [])
    first, second = (TASK.evaluate(TEST, found, TRAIN).metrics for _ in range(2))
    assert first == second
    assert first["entity_f1_low"] == pytest.approx(2 / 3)  # g1 alone: tp 1, predicted 1, gold 2
    assert first["entity_f1_high"] == 1.0  # g2 alone


def test_predictions_in_another_order_are_refused() -> None:
    with pytest.raises(InvalidDocument, match="same order"):
        TASK.evaluate(TEST, predicted([], [], []).take(pa.array([1, 0, 2])), TRAIN)


def test_the_baseline_does_not_cut_words_of_spaced_scripts_but_finds_chinese_anywhere() -> None:
    train = to_table([Document("t", "Al 李鹏", spans=spans((0, 2, "PER"), (3, 5, "PER")))])
    test = to_table([Document("a", "Also李鹏说", spans=spans((4, 6, "PER")))])
    nothing = pa.Table.from_pylist([{"id": "a", "spans": [], "repairs": 0}], schema=PREDICTIONS)
    assert TASK.evaluate(test, nothing, train).metrics["baseline_entity_f1"] == 1.0


@pytest.mark.skipif(not CONLL.is_dir(), reason="CoNLL-2003 is not there; GRISTMILL_TEST_DATA names its folder")
def test_the_token_report_of_conll_test_has_the_supports_of_the_literature() -> None:
    task = Ner(labels=("PER", "LOC", "ORG", "MISC"))
    table = to_table(conll_test())
    nothing = pa.Table.from_pylist(
        [{"id": i, "spans": [], "repairs": 0} for i in table.column("id").to_pylist()], schema=PREDICTIONS
    )
    evaluation = task.evaluate(table, nothing, table.slice(0, 10))
    rows = {r["tag"]: r["support"] for r in evaluation.tables["Tokens by tag"]}
    assert rows == {
        "O": 38323,
        "B-PER": 1617,
        "I-PER": 1156,
        "B-LOC": 1668,
        "I-LOC": 257,
        "B-ORG": 1661,
        "I-ORG": 835,
        "B-MISC": 702,
        "I-MISC": 216,
        "micro avg": 46435,
        "macro avg": 46435,
        "weighted avg": 46435,
    }
    assert evaluation.metrics["token_micro_f1"] == pytest.approx(38323 / 46435)
    assert evaluation.metrics["gold_mentions"] == 5648


@pytest.mark.skipif(not CONLL.is_dir(), reason="CoNLL-2003 is not there; GRISTMILL_TEST_DATA names its folder")
def test_the_dictionary_of_conll_train_scores_what_the_evaluation_page_says() -> None:
    task = Ner(labels=("PER", "LOC", "ORG", "MISC"))
    test, train = to_table(conll_test()), to_table(conll_test("train.txt"))
    known = majority_labels(rows_of(train))
    lengths = lengths_of(known)
    rows = [
        {"id": row.id, "spans": [{"start": a, "end": b, "label": c} for a, b, c in found], "repairs": 0}
        for row in rows_of(test)
        for found in [longest_matches(row, known, lengths)]
    ]
    metrics = task.evaluate(test, pa.Table.from_pylist(rows, schema=PREDICTIONS), train).metrics
    expected = {
        **{"entity_f1": 0.596, "exact_f1": 0.632, "partial_f1": 0.675, "ent_type_f1": 0.652},
        **{"token_micro_f1": 0.896, "token_macro_f1": 0.611, "majority_token_micro_f1": 0.825},
        **{"entity_f1_seen": 0.816, "entity_f1_unseen": 0.0},
    }
    assert {name: round(metrics[name], 3) for name in expected} == expected
    assert metrics["baseline_entity_f1"] == metrics["entity_f1"]
    assert metrics["baseline_token_micro_f1"] == metrics["token_micro_f1"]


def conll_test(file: str = "test.txt") -> list[Document]:
    documents = []
    for n, block in enumerate((CONLL / file).read_text(encoding="utf-8").split("\n\n")):
        lines = [line.split() for line in block.splitlines() if line.strip() and not line.startswith("-DOCSTART-")]
        if not lines:
            continue
        ends = np.cumsum([len(line[0]) + 1 for line in lines]) - 1
        tokens = [(int(e) - len(line[0]), int(e)) for e, line in zip(ends, lines, strict=True)]
        tags = ["O", "PER", "LOC", "ORG", "MISC"]
        classes = [0 if x[3] == "O" else 2 * tags.index(x[3][2:]) - (x[3][0] == "B") for x in lines]
        found = decode(classes, tokens, tags[1:])
        made = tuple(Span(tokens[a][0], tokens[b - 1][1], label) for a, b, label in found)
        documents.append(Document(str(n), " ".join(x[0] for x in lines), spans=made, tokens=tuple(tokens)))
    return documents
