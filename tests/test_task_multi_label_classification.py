"""Several labels a document: what is refused, what a label becomes, and every number against one counted by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from pipeline.errors import InvalidDocument
from pipeline.frames import Frame, to_table
from pipeline.part import BadSettings, build
from pipeline.quality.labels_covered import LabelsCovered
from pipeline.quality.labels_known import LabelsKnown
from pipeline.task.multi_label_classification import MultiLabelClassification
from pipeline.training._examples import Encoder, gathered
from pipeline.types import Document, Rejected
from tests.tiny_training import tiny_bert

TASK = MultiLabelClassification(labels=("sport", "money", "art"))
TEST = to_table(
    [Document(i, "x", label=label) for i, label in zip("abcd", ("sport", "sport|money", "", "money"), strict=True)]
)
TRAIN = to_table([Document(i, "x", label=label) for i, label in zip("tuv", ("money", "money", "sport"), strict=True)])


def predicted(*labels: str) -> pa.Table:
    return pa.table({"id": list("abcd"), "label": list(labels)})


def test_scores_are_those_counted_by_hand() -> None:
    metrics = TASK.evaluate(TEST, predicted("sport", "sport", "art", "money"), TRAIN).metrics
    # sport: 2 right of 2 and 2; money: 1 right of 1, 2 to find: F 2/3; art: 0
    assert metrics["macro_f1"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert metrics["micro_f1"] == pytest.approx(2 * 3 / (4 + 4))
    assert metrics["subset_accuracy"] == 0.5
    assert metrics["baseline_macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)  # 2 of 4 each: 2 * 2 / (4 + 2)
    assert metrics["baseline_micro_f1"] == pytest.approx(2 * 4 / (12 + 4))
    assert metrics["baseline_subset_accuracy"] == 0.25  # the commonest set of train is money alone
    for name in ("macro_f1", "micro_f1", "subset_accuracy"):
        assert metrics[f"{name}_low"] <= metrics[name] <= metrics[f"{name}_high"]


def test_documents_are_sliced_calibrated_and_listed_label_by_label() -> None:
    gold = ("sport", "sport|money", "", "money")
    docs = [
        Document(i, text, label=label, source=f"r.csv:{i}", groups={"desk": desk})
        for i, text, label, desk in zip("1234", ("x", "x " * 12, "x", "x"), gold, "aabb", strict=True)
    ]
    guess = pa.table(
        {
            "id": list("1234"),
            "label": ["sport", "sport", "art", "money"],
            "scores": [[0.95, 0.05, 0.05], [0.95, 0.35, 0.05], [0.05, 0.05, 0.65], [0.05, 0.95, 0.05]],
        }
    )
    evaluation = TASK.evaluate(to_table(docs), guess, TRAIN)
    tables = evaluation.tables
    shown = [(r["length"], r["subset_accuracy"], r["micro_f1"], r["support"]) for r in tables["Documents by length"]]
    # of one word: sport and money right, art invented; of twelve: one of two found
    assert shown == [("1 to 10", pytest.approx(2 / 3), 4 / 5, 3), ("11 to 20", 0.0, pytest.approx(2 / 3), 1)]
    by_desk = [(r["group"], r["value"], r["subset_accuracy"], r["support"]) for r in tables["Documents by group"]]
    assert by_desk == [("desk", "a", 0.5, 2), ("desk", "b", 0.5, 2)]
    assert [(r["source"], r["micro_f1"]) for r in tables["Documents by source"]] == [("r.csv", 0.75)]
    # 10 of 12 are within 0.05 of what is so: 0.65 for what is not, 0.35 for what is
    assert evaluation.metrics["calibration_error"] == pytest.approx((10 * 0.05 + 0.65 + 0.65) / 12)
    errors = [(e["kind"], e["id"], e["label"], e["score"], e["gold"], e["predicted"]) for e in evaluation.errors]
    assert errors == [
        ("spurious", "3", "art", 0.65, [], ["art"]),
        ("missed", "2", "money", 0.35, ["sport", "money"], ["sport"]),
    ]
    assert evaluation.errors[1]["text"] == ("x " * 12)
    assert tables["Errors by kind"] == [{"kind": "spurious", "labels": 1}, {"kind": "missed", "labels": 1}]
    bare = TASK.evaluate(to_table(docs), guess.drop_columns("scores"), TRAIN)
    assert ("calibration_error" in bare.metrics, [e["score"] for e in bare.errors]) == (False, [None, None])


def test_the_headline_and_its_draws_are_the_same_number() -> None:
    guess = predicted("sport", "sport", "art", "money")
    assert TASK.headline_value(TEST, guess) == TASK.evaluate(TEST, guess, TRAIN).metrics["macro_f1"]
    assert TASK.headline_draws(TEST, guess).shape == (1000,)
    assert TASK.headline_draws(TEST, predicted("sport", "sport|money", "", "money")).max() == pytest.approx(2 / 3)


def test_labels_are_put_in_order_and_accepted_again_as_they_are() -> None:
    task = MultiLabelClassification(labels=("sport", "money"), separator=";", no_label="none")
    made = [task.accept(Document("a", "x", label=label)) for label in ("money; sport", "sport;sport", "none", "")]
    assert [d.label for d in made if isinstance(d, Document)] == ["sport|money", "sport", "", ""]
    assert [task.accept(d) for d in made if isinstance(d, Document)] == made


def test_a_missing_and_a_misspelt_label_are_rejected_with_their_place() -> None:
    missing = TASK.accept(Document("a", "x", source="r.csv:4"))
    assert isinstance(missing, Rejected)
    assert missing.reason == (
        "r.csv:4: the document has no label; choose from art, money, sport; where none holds, give ''"
    )
    wrong = TASK.accept(Document("a", "x", source="r.csv:5", label="sport|mony"))
    assert isinstance(wrong, Rejected)
    assert wrong.reason == "r.csv:5: unknown label 'mony'; did you mean 'money'?"


def test_names_that_a_separator_would_cut_are_refused() -> None:
    with pytest.raises(BadSettings, match=r"the label 'a\|b' is empty, has white space at an edge, or holds a"):
        build("task", {"use": "multi_label_classification", "labels": ["a|b", "c"]})


def test_a_label_is_predicted_from_the_threshold_on() -> None:
    task = MultiLabelClassification(labels=("sport", "money"), threshold=0.3)
    scores = [np.log(np.array([[0.31, 0.29]], np.float32)), np.log(np.array([[0.9, 0.8]], np.float32))]
    table = task.predicted([Document("a", "x"), Document("b", "x")], [[], []], scores)
    assert table["label"].to_pylist() == ["sport", "sport|money"]
    assert table["scores"].to_pylist()[0] == pytest.approx([0.31, 0.29])


def test_a_long_text_has_the_mean_probability_of_its_windows(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_bert(tmp_path))
    table = to_table([Document("a", "to " * 10, label="money", weight=3)])
    examples = Encoder(tokenizer, TASK, 8, casing=False).encode(table)
    assert [(w.first, w.end) for w in examples.windows] == [(0, 6), (2, 8), (4, 10)]
    assert [w.targets.tolist() for w in examples.windows] == [[0, 1, 0]] * 3
    assert [w.weight for w in examples.windows] == [1, 1, 1]
    scores = [np.log(np.array([[p, 0.5, 0.1]], np.float32)) for p in (0.9, 0.3, 0.6)]
    assert gathered(examples, scores, TASK)["scores"].to_pylist()[0] == pytest.approx([0.6, 0.5, 0.1])


def test_the_loss_is_that_of_transformers_for_such_a_problem(tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from pipeline.training._forward import collate, logits_of

    base = tiny_bert(tmp_path)
    options = {"num_labels": 3, "problem_type": "multi_label_classification"}
    model = AutoModelForSequenceClassification.from_pretrained(base, **options).eval()
    examples = Encoder(AutoTokenizer.from_pretrained(base), TASK, 32, casing=False).encode(TEST)
    batch = collate(examples.windows, examples.head, 0, "cpu")
    expected = model(**batch.inputs, labels=batch.targets.float()).loss
    ours = batch.loss(logits_of(model, batch.inputs)).detach()
    assert float(ours) == pytest.approx(float(expected.detach()), abs=1e-6)


def test_gates_count_each_label_of_a_document() -> None:
    docs = [
        Document(f"{split}{n}", "x", label=label, split=split)
        for split in ("train", "validation", "test")
        for n, label in enumerate(("sport|money", "art", ""))
    ]
    frame = Frame(to_table(docs), labels=TASK.labels)
    known, covered = LabelsKnown().check(frame), LabelsCovered().check(frame)
    assert (known.outcome, known.message) == ("passed", "0 of 9 labels are not among sport, money, art")
    assert (covered.outcome, covered.observed) == ("passed", 1)
    wrong = Frame(to_table([*docs, Document("z", "x", label="sport|mony", split="train")]), labels=TASK.labels)
    assert LabelsKnown().check(wrong).evidence["unknown"] == {"mony": 1}


def test_predictions_in_another_order_are_refused() -> None:
    with pytest.raises(InvalidDocument, match="same order"):
        TASK.evaluate(TEST, predicted("", "", "", "").take(pa.array([1, 0, 2, 3])), TRAIN)


def test_windows_without_padding_are_scored_as_those_with_it(tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from pipeline.training._forward import log_probabilities
    from pipeline.types import Device

    base = tiny_bert(tmp_path)
    model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=3).eval()
    table = to_table([Document("a", "to went", label=""), Document("b", "to " * 9, label="")])
    examples = Encoder(AutoTokenizer.from_pretrained(base), TASK, 32, casing=False).encode(table)
    together = log_probabilities(model, examples, 100, Device(), 0)
    with torch.inference_mode():
        ids = torch.tensor(examples.windows[0].ids)[None]
        alone = torch.sigmoid(model(input_ids=ids).logits).numpy()
    assert np.exp(together[0]) == pytest.approx(alone, abs=1e-5)
