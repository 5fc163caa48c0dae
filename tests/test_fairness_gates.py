from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl
import pyarrow as pa
import pytest
from pydantic import ValidationError

from pipeline.fairness._metric_frame import cells, examples, gaps
from pipeline.fairness.group_share import GroupShare
from pipeline.fairness.recall_gap import RecallGap
from pipeline.frames import Frame, to_table
from pipeline.gate import judge
from pipeline.types import Document, Span

SPANS = pa.list_(
    pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string()), ("score", pa.float32())])
)
Sizes = Mapping[str, tuple[int, int]]


def ner(sizes: Sizes, by_document: bool = False, one_root: bool = False, label: str = "PER") -> Frame:
    """For each group (hits, mentions): one mention a document, the first ones hit."""
    docs, found = [], []
    for group, (hits, total) in sizes.items():
        for n in range(total):
            own = {} if by_document else {"gender": group}
            name = f"{group}/{label}/{n}"
            root = f"{group}" if one_root else name
            spans = (Span(0, 4, label, own),)
            groups = {"gender": group} if by_document else {}
            docs.append(Document(name, "Anna left", group_id=root, spans=spans, groups=groups, split="test"))
            found.append([{"start": 0, "end": 4, "label": label, "score": 1.0}] if n < hits else [])
    return Frame(to_table(docs), predictions=pa.table({"id": [d.id for d in docs], "spans": pa.array(found, SPANS)}))


def together(a: Frame, b: Frame) -> Frame:
    assert a.predictions is not None
    assert b.predictions is not None
    return Frame(
        pa.concat_tables([a.documents, b.documents]), predictions=pa.concat_tables([a.predictions, b.predictions])
    )


GATE = RecallGap(by="gender")


def test_the_gap_has_a_sign_and_a_stated_interval() -> None:
    frame = ner({"F": (150, 200), "M": (190, 200)})
    gold = examples(frame, "gender")
    (gap,) = gaps(gold, cells(gold), 50)
    assert (gap.label, gap.first, gap.second, round(gap.gap, 6)) == ("PER", "F", "M", -0.2)
    assert (round(gap.low, 2), round(gap.high, 2)) == (-0.27, -0.13)
    assert (round(gap.least, 2), round(gap.most, 2)) == (0.13, 0.27)
    assert GATE.check(frame).outcome == "failed"
    assert GATE.check(frame) == GATE.check(frame), "the seed is fixed"


def test_fairlearn_and_the_bootstrap_count_the_same() -> None:
    gold = examples(ner({"F": (30, 60), "M": (45, 60), "unknown": (1, 9)}), "gender")
    counted = {(c.label, c.group): (c.recall, c.count) for c in cells(gold)}
    assert counted == {("PER", "F"): (0.5, 60), ("PER", "M"): (0.75, 60), ("PER", "unknown"): (pytest.approx(1 / 9), 9)}


def test_unknown_is_reported_and_is_never_a_group_of_a_gap() -> None:
    verdict = GATE.check(ner({"F": (200, 200), "M": (200, 200), "unknown": (0, 400)}))
    assert (verdict.outcome, verdict.observed) == ("passed", 0.0)
    assert [c["group"] for c in verdict.evidence["cells"]] == ["F", "M", "unknown"]  # type: ignore[index,union-attr,call-overload]
    assert [g["groups"] for g in verdict.evidence["gaps"]] == [["F", "M"]]  # type: ignore[index,union-attr,call-overload]


@pytest.mark.parametrize("name", ["", " ", "nan", "None", "Unknown", "null"])
def test_a_missing_group_is_unknown_and_does_not_break_fairlearn(name: str) -> None:
    gold = examples(ner({"F": (5, 5), name: (5, 5)}), "gender")
    assert [c.group for c in cells(gold)] == ["F", "unknown"]
    assert examples(ner({"F": (5, 5)}), "region")["group"].unique().to_list() == ["unknown"]


def test_a_span_without_the_group_has_its_documents() -> None:
    assert GATE.check(ner({"F": (0, 60), "M": (60, 60)}, by_document=True)).outcome == "failed"


def test_a_gap_that_may_be_there_and_may_not_is_not_judged_and_shows_its_numbers() -> None:
    verdict = GATE.check(ner({"F": (54, 60), "M": (58, 60)}))
    assert verdict.outcome == "not_judged"
    assert verdict.message.startswith("inconclusive, PER: recall of F minus M is -0.067 [-0.")
    assert round(verdict.observed or 0, 3) == 0.067


def test_a_large_test_set_without_a_gap_passes() -> None:
    assert GATE.check(ner({"F": (950, 1000), "M": (955, 1000)})).outcome == "passed"


def test_groups_hit_always_do_not_pass_on_few_examples() -> None:
    gate = RecallGap(by="gender", min_support=10)
    verdict = gate.check(ner({"F": (10, 10), "M": (10, 10)}))
    assert (verdict.outcome, verdict.observed) == ("not_judged", 0.0), "a bootstrap alone gives [0, 0]"


def test_too_few_examples_are_not_judged_and_fail_where_the_group_is_required() -> None:
    frame = ner({"F": (0, 49), "M": (200, 200)})
    assert GATE.check(frame).outcome == "not_judged"
    assert "{'F': 49}" in GATE.check(frame).message
    required = RecallGap(by="gender", required=("F", "M")).check(frame)
    assert (required.outcome, required.observed) == ("failed", None)
    assert RecallGap(by="gender", required=("X",)).check(GATE.good()).outcome == "failed"


@pytest.mark.parametrize(
    "frame",
    [
        ner({"F": (200, 200)}),
        ner({"F": (1, 1)}),
        ner({"F": (1, 1), "M": (1, 1)}),
        ner({"F": (200, 200), "unknown": (200, 200)}),
        ner({"unknown": (200, 200)}),
        ner({"F": (200, 200), "M": (200, 200)}, one_root=True),
        replace(RecallGap.good(), predictions=None),
        replace(RecallGap.good(), predictions=RecallGap.good().documents.select(["id", "text"])),
        together(ner({"F": (99, 99)}, label="PER"), ner({"M": (99, 99)}, label="LOC")),
    ],
    ids=[
        "one group",
        "one example",
        "two examples",
        "unknown beside one",
        "all unknown",
        "one document a group",
        "no predictions",
        "no column",
        "no label in common",
    ],
)
def test_what_cannot_be_compared_is_not_judged(frame: Frame) -> None:
    assert GATE.check(frame).outcome == "not_judged"


def test_predictions_in_another_order_are_not_judged() -> None:
    frame = RecallGap.good()
    assert frame.predictions is not None
    turned = frame.predictions.take(list(reversed(range(frame.predictions.num_rows))))
    verdict = judge(GATE, replace(frame, predictions=turned))
    assert verdict.outcome == "not_judged"
    assert "same order" in verdict.message


def test_a_gap_is_looked_for_within_each_label() -> None:
    # F is found less often overall only because its mentions are of the harder label: no gap within either
    easy = ner({"F": (100, 100), "M": (900, 900)}, label="PER")
    hard = ner({"F": (450, 900), "M": (50, 100)}, label="ORG")
    verdict = RecallGap(by="gender", tolerance=0.2).check(together(easy, hard))
    assert (verdict.outcome, verdict.observed) == ("passed", 0.0)
    hidden = together(ner({"F": (300, 300), "M": (300, 300)}), ner({"F": (20, 60), "M": (55, 60)}, label="ORG"))
    assert GATE.check(hidden).message.startswith("ORG: recall of F minus M is -0.583")


def test_mentions_of_one_document_widen_the_interval() -> None:
    def width(per_root: int) -> float:
        frame = ner({"F": (150, 300), "M": (150, 300)})
        gold = examples(frame, "gender").with_columns(n=pl.int_range(pl.len()).over("group"))
        gold = gold.with_columns(unit=pl.format("{}{}", "group", pl.col("n") // per_root))
        (gap,) = gaps(gold, cells(gold), 50)
        return gap.high - gap.low

    assert width(10) > 2 * width(1)


def test_text_classification_compares_recall_by_label() -> None:
    docs = [
        Document(f"{g}{n}", "x", label=label, groups={"region": g})
        for g in ("north", "south")
        for n, label in enumerate(["good", "bad"] * 60)
    ]
    right = [d.label for d in docs]
    missed = ["good" if d.groups["region"] == "south" else d.label for d in docs]
    for found, outcome in ((right, "passed"), (missed, "failed")):
        frame = Frame(to_table(docs), predictions=pa.table({"id": [d.id for d in docs], "label": found}))
        verdict = RecallGap(by="region").check(frame)
        assert verdict.outcome == outcome
    assert verdict.message.startswith("bad: recall of north minus south is +1.000")


def test_a_tolerance_below_the_limit_is_refused() -> None:
    with pytest.raises(ValidationError, match="must not be below at_most"):
        RecallGap(by="gender", at_most=0.2)


def shares(*groups: str, split: str | None = None) -> Frame:
    docs = [Document(str(n), "x", groups={"domain": g} if g else {}, split=split) for n, g in enumerate(groups)]  # type: ignore[arg-type]
    return Frame(to_table(docs))


def test_the_share_is_of_the_training_documents_whose_group_is_known() -> None:
    train = shares(*["news"] * 15, *["law"] * 5, *["unknown"] * 7, "", split="train").documents
    test = shares(*["law"] * 50, split="test").documents
    verdict = GroupShare(by="domain", at_least=0.3).check(Frame(pa.concat_tables([train, test])))
    assert (verdict.outcome, verdict.observed) == ("failed", 0.25)
    assert verdict.evidence["counts"] == {"law": 5, "news": 15}
    assert verdict.evidence["unknown"] == 8


def test_a_required_group_that_is_missing_fails_by_name() -> None:
    verdict = GroupShare(by="domain", required=("news", "sport")).check(shares(*["news"] * 15, *["law"] * 15))
    assert (verdict.outcome, verdict.observed) == ("failed", 0.0)
    assert "sport" in verdict.message


@pytest.mark.parametrize(
    "frame",
    [shares(*["news"] * 99), shares("news", "law"), shares("news"), shares(*["unknown"] * 99), shares(*[""] * 99)],
)
def test_a_share_of_one_group_or_of_too_few_is_not_judged(frame: Frame) -> None:
    assert GroupShare(by="domain").check(frame).outcome == "not_judged"
    assert GroupShare(by="nothing").check(frame).outcome == "not_judged"


def test_where_only_spans_have_the_group_spans_are_counted() -> None:
    frame = ner({"F": (0, 10), "M": (0, 30)})
    frame = replace(
        frame, documents=frame.documents.drop_columns(["split"]).append_column("split", pa.array(["train"] * 40))
    )
    verdict = GroupShare(by="gender").check(frame)
    assert (verdict.outcome, verdict.observed, verdict.evidence["unit"]) == ("passed", 0.25, "span")
