"""A tiny model learns each of these tasks end to end, and plain transformers opens its checkpoint: the same logits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

from pipeline.training._examples import Encoder
from pipeline.training._forward import collate, logits_of
from pipeline.training.full import Full
from pipeline.types import Checkpoint
from tests.tiny_tasks import FITTED, splits, task
from tests.tiny_training import CPU, tiny_bert

SETTINGS: dict[str, Any] = {
    "epochs": 15,
    "learning_rate": 1e-2,
    "batch_tokens": 128,
    "max_length": 32,
    "dropout": 0.0,
    "layers": 1,
}
Fitted = dict[str, tuple[Path, Checkpoint]]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    base = tiny_bert(tmp_path_factory.mktemp("base"))
    made: Fitted = {}
    for use in FITTED:
        out = tmp_path_factory.mktemp(use)
        method = Full(base_model=str(base), **SETTINGS)
        made[use] = out, method.fit(task(use), splits(use), CPU, out, lambda event: None)
    return made


@pytest.mark.parametrize("use", FITTED)
def test_a_toy_is_learned_and_scored_with_an_interval_and_a_baseline_below(use: str, fitted: Fitted) -> None:
    out, checkpoint = fitted[use]
    headline = task(use).headline
    assert checkpoint.metrics[headline] > 0.9
    low, high = (checkpoint.metrics[f"{headline}_{end}"] for end in ("low", "high"))
    assert low <= checkpoint.metrics[headline] <= high
    assert checkpoint.metrics[f"baseline_{headline}"] < 0.8
    assert checkpoint.metrics[f"validation_{headline}"] > 0.9
    assert pq.read_table(out / "predictions.parquet")["id"].to_pylist() == [f"c{n}" for n in range(24)]
    evaluation = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert evaluation["metrics"].items() <= checkpoint.metrics.items()


@pytest.mark.parametrize(
    ("use", "kind", "problem"),
    [
        ("multi_label_classification", "SequenceClassification", "multi_label_classification"),
        ("sentence_pair_classification", "SequenceClassification", None),
        ("relation_extraction", "SequenceClassification", None),
        ("question_answering", "QuestionAnswering", None),
    ],
)
def test_plain_transformers_opens_the_checkpoint_with_the_same_logits(
    use: str, kind: str, problem: str | None, fitted: Fitted
) -> None:
    import transformers

    from pipeline.training._opening import open_checkpoint

    out, _ = fitted[use]
    auto = getattr(transformers, f"AutoModelFor{kind}")
    plain = auto.from_pretrained(out / "model", local_files_only=True).eval()
    assert plain.config.problem_type == problem
    ours, tokenizer = open_checkpoint(out / "model")
    examples = Encoder(tokenizer, task(use), 32, casing=False).encode(splits(use).test)
    batch = collate(examples.windows, examples.head, int(tokenizer.pad_token_id), "cpu")
    with torch.inference_mode():
        output = plain(**batch.inputs)
        logits = output.logits if "logits" in output else torch.stack([output.start_logits, output.end_logits], 1)
        expected = logits_of(ours, batch.inputs)
    seen = expected > -1e4
    assert seen.sum() > 40
    assert torch.equal(logits[seen], expected[seen])


def test_the_markers_of_a_relation_are_in_the_vocabulary_that_is_saved(fitted: Fitted) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(fitted["relation_extraction"][0] / "model", local_files_only=True)
    ids = [tokenizer.convert_tokens_to_ids(marker) for marker in "@#"]
    assert len({*ids, tokenizer.unk_token_id}) == 3
    assert fitted["relation_extraction"][1].metrics["unread_tokens"] == 0


def test_an_answer_is_predicted_as_characters_of_the_document(fitted: Fitted) -> None:
    out, checkpoint = fitted["question_answering"]
    texts = splits("question_answering").test["text"].to_pylist()
    rows = zip(pq.read_table(out / "predictions.parquet").to_pylist(), texts, strict=True)
    found = [(row["answer"], text[row["start"] : row["end"]]) for row, text in rows if row["answer"]]
    assert len(found) >= 15
    assert all(answer == there for answer, there in found)
    assert checkpoint.metrics["lost_spans"] == 0
