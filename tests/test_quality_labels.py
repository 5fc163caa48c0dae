"""What the gates on labels and mentions find, each in a frame whose faults are known."""

from __future__ import annotations

import pytest

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality.class_share import ClassShare
from pipeline.quality.label_conflicts import LabelConflicts
from pipeline.quality.label_shift import LabelShift
from pipeline.quality.mention_conflicts import MentionConflicts
from pipeline.quality.unannotated_mentions import UnannotatedMentions
from pipeline.types import Document, Span, Split, Verdict


def checked(gate: Gate, *documents: Document, labels: tuple[str, ...] = ()) -> Verdict:
    return gate.check(Frame(to_table(documents), labels=labels))


# class_share, label_shift


def labelled(split: Split | None, **counts: int) -> list[Document]:
    names = [name for name, count in counts.items() for _ in range(count)]
    return [Document(f"{split}{n}", "x", label=name, split=split) for n, name in enumerate(names)]


def test_the_rarest_class_is_found_in_train_and_one_that_does_not_occur_has_none() -> None:
    docs = [*labelled("train", good=96, bad=4), *labelled("test", good=1, bad=99)]
    assert checked(ClassShare(), *docs).observed == 0.04
    verdict = checked(ClassShare(), *docs, labels=("good", "bad", "ugly"))
    assert (verdict.outcome, verdict.observed) == ("failed", 0.0)
    assert verdict.evidence == {"counts": {"good": 96, "bad": 4, "ugly": 0}}


def test_too_few_labels_one_class_or_none_have_no_share() -> None:
    assert checked(ClassShare(), *labelled(None, good=10, bad=9)).outcome == "not_judged"
    assert checked(ClassShare(), *labelled(None, good=100)).outcome == "not_judged"
    assert checked(ClassShare(), Document("a", "x")).outcome == "not_judged"


def test_a_shift_is_the_largest_total_variation_from_train() -> None:
    docs = [
        *labelled("train", a=50, b=50),
        *labelled("validation", a=60, b=40),
        *labelled("test", a=30, b=40, c=30),
    ]
    verdict = checked(LabelShift(min_support=100), *docs)
    assert (verdict.outcome, verdict.observed) == ("failed", 0.3)
    assert verdict.evidence["shifts"] == {"validation": 0.1, "test": 0.3}
    assert checked(LabelShift(min_support=100, at_most=0.3), *docs).outcome == "passed"


def test_labels_are_held_to_a_declared_distribution() -> None:
    gate = LabelShift(expected={"a": 0.5, "b": 0.5}, min_support=10)
    assert checked(gate, *labelled(None, a=11, b=9)).observed == 0.05
    assert checked(gate, *labelled("train", a=18, b=2)).evidence["shifts"] == {"train": 0.4}
    with pytest.raises(ValueError, match=r"sum to 1, got \{'a': 0.5\}"):
        LabelShift(expected={"a": 0.5})


def test_a_split_with_too_few_labels_is_left_out_and_without_a_pair_nothing_is_judged() -> None:
    docs = [*labelled("train", a=50, b=50), *labelled("test", a=20)]
    assert checked(LabelShift(min_support=21), *docs).outcome == "not_judged"
    assert checked(LabelShift(min_support=20), *docs).outcome == "failed"


# label_conflicts, mention_conflicts, unannotated_mentions


def test_the_annotation_that_fewer_copies_of_a_text_have_is_the_conflict() -> None:
    docs = [
        Document("a", "Anna  met Bo", spans=(Span(0, 4, "PER"),)),
        Document("b", "anna met bo", spans=(Span(0, 4, "PER"),)),
        Document("c", "Anna met Bo", spans=(Span(0, 4, "LOC"),)),
        Document("d", "ANNA MET BO", spans=()),
        Document("e", "Anna met Carl", spans=()),
    ]
    verdict = checked(LabelConflicts(), *docs)
    assert (verdict.outcome, verdict.observed) == ("failed", 0.4)
    assert verdict.evidence == {"texts": 1, "ids": ["c", "d"]}


def test_a_mention_conflicts_where_its_label_is_not_the_commonest_of_its_string() -> None:
    docs = [Document(str(n), "Oslo", spans=(Span(0, 4, "LOC" if n else "ORG"),)) for n in range(100)]
    verdict = checked(MentionConflicts(at_most=0.0), *docs)
    assert (verdict.outcome, verdict.observed) == ("failed", 0.01)
    assert verdict.evidence == {"minority_labels": {"ORG": 1}, "ids": ["0"]}
    assert checked(MentionConflicts(), *docs[:99]).outcome == "not_judged"


def spanned(name: str, text: str, *mentions: str) -> Document:
    return Document(name, text, spans=tuple(Span(text.index(m), text.index(m) + len(m), "X") for m in mentions))


def test_a_mention_is_looked_for_outside_of_spans_as_whole_words_and_in_chinese_anywhere() -> None:
    docs = [
        spanned("a", "New York and Oslo", "New York", "Oslo"),
        spanned("b", "New Yorkers like new york, Oslo too"),
        spanned("c", "邓小平理论", "邓小平"),
        spanned("d", "学习邓小平理论"),
        spanned("e", "(New\tYork)"),
        Document("f", "New York, not annotated"),
    ]
    verdict = checked(UnannotatedMentions(min_support=1), *docs)
    assert (verdict.outcome, verdict.observed) == ("failed", 1.0)
    assert verdict.evidence == {"places": 2, "ids": ["d", "e"]}
    assert checked(UnannotatedMentions(min_support=1), *docs[:3]).observed == 0.0
    assert checked(UnannotatedMentions(min_support=3), *docs).outcome == "not_judged"
