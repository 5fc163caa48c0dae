"""Text classification on its real corpus, with little training: raw text to release through the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end import LITTLE, OPEN, gristmill, shown

pytestmark = pytest.mark.slow


def test_text_classification_goes_the_same_way_as_named_entities(tmp_path: Path) -> None:
    words = (
        "reviews_sentiment_zh",
        *LITTLE,
        "--set",
        "training.epochs=0.05",
        "--set",
        "split.validation=1100",
        "--set",
        "split.test=1100",
        *OPEN,
    )
    done = gristmill(tmp_path, "run", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    status = shown(tmp_path, *words)
    assert status["metrics"]["accuracy"] > status["metrics"]["baseline_accuracy"] - 0.1
    raw = sum(v["rows"] for v in status["published"]["raw"].values())
    assert raw == 35_123
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = f"{status['published']['release']['all']['path']}/model"
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForSequenceClassification.from_pretrained(folder)
    assert set(model.config.id2label.values()) == {"positive", "negative"}
    assert model(**tokenizer("很好用", return_tensors="pt")).logits.shape == (1, 2)
