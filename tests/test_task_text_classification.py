"""Text classification: what it refuses, and every number against one that was counted by hand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from pipeline.errors import InvalidDocument
from pipeline.frames import to_table
from pipeline.task.text_classification import TextClassification
from pipeline.types import Document, Rejected

TASK = TextClassification(labels=("good", "bad", "mixed"))
TEST = to_table(
    [Document(i, "x", label=label) for i, label in zip("abcd", ("good", "good", "bad", "mixed"), strict=True)]
)
TRAIN = to_table([Document("t", "x", label="bad"), Document("u", "y", label="bad"), Document("v", "z", label="good")])


def predicted(*labels: str) -> pa.Table:
    return pa.table({"id": list("abcd"), "label": list(labels)})


def test_scores_are_those_counted_by_hand() -> None:
    evaluation = TASK.evaluate(TEST, predicted("good", "bad", "bad", "bad"), TRAIN)
    # good: P 1, R 1/2, F 2/3; bad: P 1/3, R 1, F 1/2; mixed: 0
    assert evaluation.metrics["accuracy"] == 0.5
    assert evaluation.metrics["macro_f1"] == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert evaluation.metrics["baseline_accuracy"] == 0.25
    assert evaluation.metrics["accuracy_low"] <= 0.5 <= evaluation.metrics["accuracy_high"]
    assert evaluation.tables["Documents confused"] == [
        {"gold": "good", "good": 1, "bad": 1, "mixed": 0},
        {"gold": "bad", "good": 0, "bad": 1, "mixed": 0},
        {"gold": "mixed", "good": 0, "bad": 1, "mixed": 0},
    ]
    assert [r["support"] for r in evaluation.tables["Documents by label"]] == [2, 1, 1]


def test_perfect_predictions_score_one() -> None:
    metrics = TASK.evaluate(TEST, predicted("good", "good", "bad", "mixed"), TRAIN).metrics
    assert metrics[TASK.headline] == 1.0
    assert metrics["accuracy"] == 1.0


def test_a_missing_and_a_misspelt_label_are_rejected_with_their_place() -> None:
    missing = TASK.accept(Document("a", "x", source="r.csv:4"))
    assert isinstance(missing, Rejected)
    assert missing.reason == "r.csv:4: the document has no label; choose from bad, good, mixed"
    wrong = TASK.accept(Document("a", "x", source="r.csv:5", label="baad"))
    assert isinstance(wrong, Rejected)
    assert wrong.reason == "r.csv:5: unknown label 'baad'; did you mean 'bad'?"


def test_predictions_hold_a_probability_for_each_label() -> None:
    table = TASK.predicted([Document("a", "x")], [[]], [np.log(np.array([[0.2, 0.5, 0.3]], np.float32))])
    row = table.to_pylist()[0]
    assert (row["id"], row["label"]) == ("a", "bad")
    assert row["scores"] == pytest.approx([0.2, 0.5, 0.3])


def test_predictions_in_another_order_are_refused() -> None:
    with pytest.raises(InvalidDocument, match="same order"):
        TASK.evaluate(TEST, predicted("good", "good", "bad", "mixed").take(pa.array([1, 0, 2, 3])), TRAIN)
