"""Full fine-tuning end to end on a tiny model: what it writes, that it resumes to the byte, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.errors import DeviceUnavailable, WrongUse
from pipeline.frames import DOCUMENTS
from pipeline.part import BadSettings, build
from pipeline.task.text_classification import TextClassification
from pipeline.training import Splits, _base_model
from pipeline.training.full import Full
from pipeline.types import Checkpoint, Device
from tests.tiny_training import CPU, TASK, recorded_scores, splits, tiny_bert

SETTINGS: dict[str, Any] = {"epochs": 2, "learning_rate": 5e-3, "batch_tokens": 128, "max_length": 32, "dropout": 0.1}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("base"))


Fitted = tuple[Path, Checkpoint, list[Mapping[str, Any]], list[Any]]


@pytest.fixture(scope="module")
def fitted(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    """The folder, the checkpoint, what was reported, and the trained model's log probabilities of the test windows."""
    out, told = tmp_path_factory.mktemp("fitted"), list[Mapping[str, Any]]()
    method = Full(base_model=str(base), adapt_vocabulary=True, casing=True, layers=1, **SETTINGS)
    with recorded_scores() as scores:
        checkpoint = method.fit(TASK, splits(), CPU, out, told.append)
    return out, checkpoint, told, scores


def test_a_fit_writes_a_checkpoint_predictions_and_an_evaluation(fitted: Fitted) -> None:
    out, checkpoint, told, _ = fitted
    assert checkpoint.path == out / "model"
    assert checkpoint.labels == ("PER", "LOC")
    assert checkpoint.data_digest == "d"
    assert pq.read_table(out / "predictions.parquet").column("id").to_pylist() == [f"c{i}" for i in range(12)]
    evaluation = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert evaluation["metrics"].items() <= checkpoint.metrics.items()
    assert set(evaluation["tables"]) >= {"Mentions by label", "Tokens by tag", "Mentions confused"}
    losses = json.loads((out / "loss.json").read_text(encoding="utf-8"))
    assert [row["step"] for row in losses if "loss" in row] == list(range(1, 31))
    assert [row["step"] for row in losses if "validation_entity_f1" in row] == [15, 30]
    assert {"seconds", "real_tokens_per_second", "peak_memory_mib", "best_epoch"} <= set(checkpoint.metrics)
    assert checkpoint.metrics["lost_spans"] == 0
    assert checkpoint.metrics["trainable_parameters"] == checkpoint.metrics["parameters"]
    assert [t["phase"] for t in told if t["kind"] == "phase"][:2] == ["encode", "train"]
    assert [t["epoch"] for t in told if t["kind"] == "epoch"] == [1, 2]


def test_epochs_are_compared_on_fewer_validation_documents_and_the_checkpoint_is_scored_on_all(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.training import _fit

    seen, plain = list[int](), _fit.gathered

    def counted(examples: Any, *rest: Any) -> Any:
        if examples.documents[0].id.startswith("b"):
            seen.append(len(examples.documents))
        return plain(examples, *rest)

    monkeypatch.setattr(_fit, "gathered", counted)
    checkpoints = {
        most: Full(base_model=str(base), validation_documents=most, **SETTINGS).fit(
            TASK, splits(), CPU, tmp_path / str(most), lambda _: None
        )
        for most in (5, 12)
    }
    assert seen == [5, 5, 12, 12, 12, 12], "two epochs and the checkpoint, twice"
    predicted = pq.read_table(tmp_path / "5" / "predictions_validation.parquet")
    assert predicted.num_rows == 12
    told = [m.metrics["validation_entity_f1"] for m in checkpoints.values()]
    assert told[0] == pytest.approx(TASK.headline_value(splits().validation, predicted))
    if checkpoints[5].metrics["best_epoch"] == checkpoints[12].metrics["best_epoch"]:
        assert told[0] == pytest.approx(told[1])


def test_a_checkpoint_opens_with_plain_transformers_and_gives_the_same_logits(fitted: Fitted) -> None:
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    from pipeline.training._examples import Encoder, gathered
    from pipeline.training._forward import log_probabilities

    out, _, _, scores = fitted
    model = AutoModelForTokenClassification.from_pretrained(out / "model", local_files_only=True).eval()
    tokenizer = AutoTokenizer.from_pretrained(out / "model", local_files_only=True)
    assert model.config.id2label == {0: "O", 1: "B-PER", 2: "I-PER", 3: "B-LOC", 4: "I-LOC"}
    assert model.config.type_vocab_size == 6
    assert model.config.num_hidden_layers == 1
    examples = Encoder(tokenizer, TASK, 32, casing=True).encode(splits().test)
    again = log_probabilities(model, examples, 128, CPU, tokenizer.pad_token_id)
    assert len(again) == len(scores) == len(examples.windows)
    assert max(float(abs(a - b).max()) for a, b in zip(again, scores, strict=True)) == 0
    assert gathered(examples, again, TASK).equals(pq.read_table(out / "predictions.parquet"))


def test_the_adapted_tokenizer_has_one_token_a_character_with_its_offsets(fitted: Fitted) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(fitted[0] / "model", local_files_only=True)
    encoded = tokenizer("Bo 李𝐀", return_offsets_mapping=True)
    assert tokenizer.convert_ids_to_tokens(encoded["input_ids"]) == ["[CLS]", "B", "o", "李", "[UNK]", "[SEP]"]
    assert encoded["offset_mapping"][1:-1] == [(0, 1), (1, 2), (3, 4), (4, 5)]


def test_classification_runs_end_to_end_and_learns_one_word(base: Path, tmp_path: Path) -> None:
    task = TextClassification(labels=("good", "bad"))
    method = Full(base_model=str(base), **SETTINGS | {"epochs": 12, "learning_rate": 1e-2})
    checkpoint = method.fit(task, splits(), CPU, tmp_path, lambda _: None)
    assert checkpoint.metrics["accuracy"] == 1.0
    assert checkpoint.task == "text_classification"
    assert pq.read_table(tmp_path / "predictions.parquet").column_names == ["id", "label", "scores"]


def test_a_packaged_model_with_another_digest_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"not the weights")
    monkeypatch.setattr(_base_model, "_packaged_folder", lambda: folder)
    with pytest.raises(_base_model.BaseModelChanged, match=r"SHA-256 .* expected 53aa51172d142c89"):
        _base_model.locate("packaged_minilm")


def test_the_packaged_model_as_installed_has_the_expected_digest() -> None:
    assert _base_model.locate("packaged_minilm").local


def test_a_folder_without_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(_base_model.BaseModelError, match=r"holds no \*\.safetensors"):
        _base_model.locate(str(tmp_path))


def test_a_missing_folder_says_what_would_be_right() -> None:
    with pytest.raises(_base_model.BaseModelError, match=r"there is no folder \./nowhere; give 'packaged_minilm'"):
        _base_model.locate("./nowhere")


def test_a_hub_model_without_a_network_says_what_would_be_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    method = Full(base_model="nobody/no-such-model")
    with pytest.raises(
        _base_model.BaseModelError, match=r"'nobody/no-such-model' cannot be opened .* 'packaged_minilm'"
    ):
        method.fit(TASK, splits(), CPU, tmp_path, lambda _: None)


def test_settings_out_of_range_and_unknown_ones_are_named() -> None:
    with pytest.raises(BadSettings) as error:
        build("training", {"use": "full", "learning_rate": 3, "epoch": 2})
    assert dict(error.value.mistakes)["epoch"] == "unknown key; did you mean 'epochs'?"
    assert "less than or equal to 0.1" in dict(error.value.mistakes)["learning_rate"]


def test_more_layers_than_the_base_model_has_and_a_missing_gpu_are_refused(base: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="layers: 3 is more than the 2"):
        Full(base_model=str(base), layers=3).fit(TASK, splits(), CPU, tmp_path, lambda _: None)
    with pytest.raises(DeviceUnavailable, match="requires a gpu"):
        Full(base_model=str(base), requires="gpu").fit(TASK, splits(), Device(), tmp_path, lambda _: None)


def test_an_empty_split_is_refused(base: Path, tmp_path: Path) -> None:
    full = splits()
    empty = Splits(full.train, DOCUMENTS.empty_table(), full.test, "d")
    with pytest.raises(WrongUse, match="the validation split holds no documents"):
        Full(base_model=str(base)).fit(TASK, empty, CPU, tmp_path, lambda _: None)
