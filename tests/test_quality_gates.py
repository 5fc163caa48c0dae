from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from pipeline import part
from pipeline.frames import DOCUMENTS, REJECTED, Frame, rejected_batch, to_row, to_table
from pipeline.gate import Gate, judge
from pipeline.quality.better_than_baseline import BetterThanBaseline
from pipeline.quality.children_true import ChildrenTrue
from pipeline.quality.f1 import F1
from pipeline.quality.labels_covered import LabelsCovered
from pipeline.quality.labels_known import LabelsKnown
from pipeline.quality.no_empty_text import NoEmptyText
from pipeline.quality.no_leakage import NoLeakage
from pipeline.quality.rejected_share import RejectedShare
from pipeline.quality.spans_true import SpansTrue
from pipeline.quality.unique_ids import UniqueIds
from pipeline.types import Document, Lineage, Span, Split

ALL = [(folder, name) for folder in ("quality", "fairness") for name in part.names(folder)]


@pytest.mark.parametrize(("folder", "name"), ALL)
def test_a_gate_passes_its_good_frame_fails_its_bad_one_and_does_not_judge_an_empty_one(folder: str, name: str) -> None:
    gate = part.build(folder, {"use": name, **part.find(folder, name).example})
    assert isinstance(gate, Gate)
    good, bad = gate.check(gate.good()), gate.check(gate.bad())
    assert (good.outcome, bad.outcome) == ("passed", "failed"), (good, bad)
    assert good.observed is not None
    assert bad.limit.startswith(("at most ", "at least "))
    empty = Frame(to_table([]), labels=gate.good().labels, metrics=gate.good().metrics)
    assert gate.check(empty).outcome == "not_judged"
    assert judge(gate, empty).outcome == "not_judged"


@pytest.mark.parametrize("text", ["", "\u3000", "\n\t ", "\u200b", "\ufeff\u00ad", "\x00"])
def test_a_text_without_a_visible_character_is_empty(text: str) -> None:
    verdict = NoEmptyText().check(Frame(to_table([Document("a", "x"), Document("b", text)])))
    assert (verdict.outcome, verdict.observed, verdict.evidence) == ("failed", 1, {"ids": ["b"]})


def test_a_null_text_fails() -> None:
    table = pa.Table.from_pylist([{**to_row(Document("a", "x")), "text": None}], schema=DOCUMENTS)
    assert NoEmptyText().check(Frame(table)).outcome == "failed"


def test_ids_are_compared_over_all_rows_and_named_once() -> None:
    table = to_table([Document(str(n % 60_000), "x") for n in range(60_001)])
    verdict = UniqueIds().check(Frame(table))
    assert (verdict.outcome, verdict.observed, verdict.evidence["ids"]) == ("failed", 2, ["0"])


def test_rejected_share_counts_by_step_and_shows_the_first_reasons() -> None:
    dropped = [Document(str(n), "?").rejected("too short", "min_length" if n else "annotate") for n in range(30)]
    rejected = pa.Table.from_batches([rejected_batch(dropped)], schema=REJECTED)
    verdict = RejectedShare(at_most=0.2).check(Frame(to_table([Document(f"k{n}", "x") for n in range(70)]), rejected))
    assert (verdict.outcome, verdict.observed, verdict.limit) == ("failed", 0.3, "at most 0.2")
    assert verdict.evidence["by_step"] == {"annotate": 1, "min_length": 29}
    assert verdict.evidence["first"][0] == {"id": "0", "step": "annotate", "reason": "too short"}  # type: ignore[index]
    assert len(verdict.evidence["first"]) == 20  # type: ignore[arg-type]
    assert "29 of them by min_length" in verdict.message


def test_a_label_must_occur_in_every_split_as_often_as_asked() -> None:
    frame = LabelsCovered.good()
    verdict = LabelsCovered(at_least=2).check(frame)
    assert (verdict.outcome, verdict.observed) == ("failed", 1)
    assert verdict.evidence == {s: {"PER": 1, "LOC": 1} for s in ("train", "validation", "test")}


def test_a_split_that_is_not_there_fails_unless_it_is_not_asked_for() -> None:
    rows = LabelsCovered.good().documents.to_pylist()
    frame = Frame(
        pa.Table.from_pylist([r for r in rows if r["split"] != "validation"], DOCUMENTS), labels=("PER", "LOC")
    )
    assert LabelsCovered().check(frame).outcome == "failed"
    assert LabelsCovered(splits=("train", "test")).check(frame).outcome == "passed"


def test_labels_of_documents_count_where_there_are_no_spans() -> None:
    docs = [Document(s, "x", label="good", split=s) for s in ("train", "validation", "test")]
    verdict = LabelsCovered().check(Frame(to_table(docs), labels=("good", "bad")))
    assert verdict.evidence["test"] == {"good": 1, "bad": 0}
    assert LabelsKnown().check(Frame(to_table(docs), labels=("good", "bad"))).outcome == "passed"
    assert LabelsKnown().check(Frame(to_table(docs), labels=("bad",))).evidence["unknown"] == {"good": 3}


def test_a_topic_beside_spans_is_not_an_unknown_label() -> None:
    doc = Document("a", "Anna", spans=(Span(0, 4, "PER"),), label="sport")
    assert LabelsKnown().check(Frame(to_table([doc]), labels=("PER",))).outcome == "passed"


def test_without_labels_or_annotation_labels_are_not_judged() -> None:
    plain, spans = Frame(to_table([Document("a", "x")]), labels=("PER",)), replace(LabelsCovered.good(), labels=())
    for gate in (LabelsCovered(), LabelsKnown()):
        assert gate.check(plain).message.startswith("no document is annotated")
        assert gate.check(spans).message.startswith("the task names no labels")
        assert (gate.check(plain).outcome, gate.check(spans).outcome) == ("not_judged", "not_judged")


def test_leakage_is_seen_through_width_case_and_white_space_and_named_by_id() -> None:
    docs = [
        Document("a", "Straße  10", group_id="a", split="train"),
        Document("b", "ＳＴＲＡＳＳＥ\u300010", group_id="b", split="test"),
        Document("c", "Straße 11", group_id="c", split="validation"),
    ]
    verdict = NoLeakage().check(Frame(to_table(docs)))
    assert (verdict.outcome, verdict.observed) == ("failed", 0.5)
    counts = {"held_out": 2, "leaked": 1, "nearly": 0}
    assert verdict.evidence == {"ids": [{"id": "b", "split": "test", "train_id": "a"}], "groups": [], **counts}
    assert NoLeakage(at_most=0.5).check(Frame(to_table(docs))).outcome == "passed"


def test_a_group_in_two_splits_fails_whatever_the_share() -> None:
    docs = [Document(s, s, group_id="g", split=s) for s in ("train", "test")]
    verdict = NoLeakage(at_most=1.0).check(Frame(to_table(docs)))
    assert (verdict.outcome, verdict.observed, verdict.evidence["groups"]) == ("failed", 0.0, ["g"])


def test_leakage_without_train_or_without_test_is_not_judged() -> None:
    for split in ("train", "test", None):
        docs = [Document("a", "x", split=split), Document("b", "x", split=split)]
        assert NoLeakage().check(Frame(to_table(docs))).outcome == "not_judged"


def test_a_missing_or_nan_metric_is_not_judged() -> None:
    frame = F1.good()
    gate = F1(at_least=0.6, metric="macro_f1")
    assert gate.name == "f1_macro_f1"
    assert gate.check(frame).message == "the task gave no number 'macro_f1'; choose from entity_f1"
    for metrics in ({}, {"entity_f1": float("nan"), "baseline_entity_f1": 0.1}, {"entity_f1": 0.9}):
        held = replace(frame, metrics=metrics)
        assert BetterThanBaseline(by=0.1).check(held).outcome == "not_judged"
        if metrics.get("entity_f1") != 0.9:
            verdict = F1(at_least=0.1).check(held)
            assert (verdict.outcome, verdict.observed) == ("not_judged", None)


def child(
    name: str = "a#1",
    parents: tuple[str, ...] = ("a",),
    group: str = "g",
    label: str = "PER",
    split: Split = "train",
) -> Document:
    made = Lineage("op", "{}", 1, parents)
    return Document(name, "Bo", group_id=group, spans=(Span(0, 2, label),), lineage=made, split=split)


@pytest.mark.parametrize(
    ("children", "faults"),
    [
        ([child()], {}),
        ([child(parents=("z",))], {"no known parent": 1}),
        ([child(parents=())], {"no known parent": 1}),
        ([child(parents=("a", "z"))], {"no known parent": 1}),
        ([child(parents=("a#1",))], {"no known parent": 1}),
        ([child(group="h")], {"another group_id": 1}),
        ([child(split="test")], {"not in the training split": 1}),
        ([child(label="LOC")], {"other labels": 1}),
        ([child("1"), child("2"), child("3")], {"more than 2 children of one parent": 3}),
    ],
)
def test_a_child_agrees_with_its_parent(children: list[Document], faults: dict[str, int]) -> None:
    parent = Document("a", "Anna", group_id="g", spans=(Span(0, 4, "PER"),), split="train")
    verdict = ChildrenTrue(at_most=2).check(Frame(to_table([parent, *children])))
    assert (verdict.outcome, verdict.evidence["faults"]) == ("failed" if faults else "passed", faults)
    assert verdict.evidence["ids"] == ([c.id for c in children] if faults else [])


def test_the_label_of_a_classified_child_is_its_parents() -> None:
    parent = Document("a", "Fine", group_id="g", label="good", split="train")
    made = Lineage("op", "{}", 1, ("a",))
    for label, outcome in (("good", "passed"), ("bad", "failed")):
        kid = Document("b", "Good", group_id="g", label=label, split="train", lineage=made)
        assert ChildrenTrue().check(Frame(to_table([parent, kid]))).outcome == outcome


def test_a_variant_without_augmentation_passes_and_says_so() -> None:
    verdict = ChildrenTrue().check(Frame(to_table([Document("a", "x", split="train")])))
    assert (verdict.outcome, verdict.message) == ("passed", "no child among 1 documents: nothing was augmented")


@pytest.mark.parametrize(
    ("spans", "faults"),
    [
        ([(0, 2), (3, 7)], {}),
        ([(2, 7)], {"with white space at an edge": 1}),
        ([(0, 3)], {"with white space at an edge": 1}),
        ([(3, 8)], {"outside of the text": 1}),
        ([(-1, 2)], {"outside of the text": 1}),
        ([(3, 3)], {"empty": 1}),
        ([(0, 2), (1, 2)], {"over the span before": 1}),
    ],
)
def test_spans_stand_where_text_stands(spans: list[tuple[int, int]], faults: dict[str, int]) -> None:
    row = to_row(Document("a", "你😀 Anna"))
    row["spans"] = [{"start": a, "end": b, "label": "X", "groups": []} for a, b in spans]
    other = to_row(Document("b", "x", spans=()))
    verdict = SpansTrue().check(Frame(pa.Table.from_pylist([row, other], DOCUMENTS)))
    assert (verdict.outcome, verdict.evidence["faults"]) == ("failed" if faults else "passed", faults)
