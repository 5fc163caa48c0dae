"""The bundled recipe on its real corpus, with little training: raw text to release through the command."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.end_to_end import FEW, LITTLE, gristmill, shown

pytestmark = pytest.mark.slow


def test_the_bundled_recipe_is_refused_with_too_little_training_and_released_when_a_person_says_so(
    tmp_path: Path,
) -> None:
    little = (*LITTLE, "--set", "training.epochs=0.2", "--set", "split.validation=200")
    little += ("--set", "split.test=1000")
    refused = gristmill(tmp_path, "run", "peoples_daily_ner", *FEW, *little)
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert "peoples_daily_ner/checkpoint[few]: no version is published" in refused.stderr
    assert "f1_entity_f1: failed (observed 0." in refused.stderr
    assert "Traceback" not in refused.stderr

    status = shown(tmp_path, "peoples_daily_ner", *little)
    rows = {stage: sum(v["rows"] for v in partitions.values()) for stage, partitions in status["published"].items()}
    rejected = {stage: sum(v["rejected"] for v in ps.values()) for stage, ps in status["published"].items()}
    assert rows["raw"] == 19_605, "19,484 paragraphs, 118 of them cut into 239 pieces"
    assert rows["clean"] + rejected["clean"] == rows["raw"]
    assert rows["splits"] + rejected["splits"] == rows["clean"]
    assert "checkpoint" not in status["published"]

    refusing = [g["gate"] for g in status["gates"] if g["stage"] == "checkpoint" and g["outcome"] != "passed"]
    assert {"f1_entity_f1", "better_than_baseline_entity_f1"} <= set(refusing)
    words = (*refusing, "--partition", "few", "--who", "A. Tester", "--why", "a test")
    assert gristmill(tmp_path, "waive", "peoples_daily_ner", "checkpoint", *words, *little).returncode == 0
    released = gristmill(tmp_path, "run", "peoples_daily_ner", *FEW, *little)
    assert released.returncode == 0, released.stdout + released.stderr
    assert released.stdout.count("unchanged") == 20, "16 batches, splits, ledger, augmented and the waived checkpoint"
    status = shown(tmp_path, "peoples_daily_ner", *little)
    card = (Path(status["published"]["release"]["all"]["path"]) / "model_card.md").read_text()
    assert "Waived gates" in card
    assert "A. Tester" in card
    predictions = pq.read_table(Path(status["published"]["checkpoint"]["few"]["path"]) / "predictions.parquet")
    assert predictions.num_rows == 1_000
    assert round(status["metrics"]["baseline_entity_f1"], 3) == 0.6
