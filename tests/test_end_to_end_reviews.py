"""Text classification on its real corpus, with little training: raw text to release through the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end import FEW, LITTLE, OPEN, gristmill, shown

pytestmark = pytest.mark.slow


def test_text_classification_goes_the_same_way_as_named_entities(tmp_path: Path) -> None:
    few = ("--set", "training.epochs=0.3", "--set", "split.validation=300", "--set", "split.test=500")
    # those that need more documents of a class stand in test_end_to_end_bundled.py
    few += ("--set", "gates.splits.quality=[labels_known, no_leakage, class_share, label_conflicts]")
    little = (*LITTLE, *few, *OPEN)
    done = gristmill(tmp_path, "run", "reviews_sentiment_zh", *FEW, *little)
    assert done.returncode == 0, done.stdout + done.stderr
    status = shown(tmp_path, "reviews_sentiment_zh", *little)
    assert status["metrics"]["accuracy"] > status["metrics"]["baseline_accuracy"] - 0.1
    raw = sum(v["rows"] for v in status["published"]["raw"].values())
    assert raw == 35_123
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = f"{status['published']['release']['all']['path']}/model"
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForSequenceClassification.from_pretrained(folder)
    assert set(model.config.id2label.values()) == {"positive", "negative"}
    assert model(**tokenizer("很好用", return_tensors="pt")).logits.shape == (1, 2)
