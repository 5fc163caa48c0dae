"""Pre-training on a recipe's own text: what is masked, that it resumes to the byte, that variants start from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from conftest import TinyProject

from pipeline import job, stages
from pipeline.encoder import Texts
from pipeline.encoder.masked_language_model import MaskedLanguageModel
from pipeline.errors import WrongUse
from pipeline.frames import to_table
from pipeline.training import Report
from pipeline.types import Document
from tests.tiny_training import CPU, splits, tiny_bert

SETTINGS: dict[str, Any] = {
    "epochs": 2,
    "learning_rate": 5e-3,
    "batch_tokens": 128,
    "max_length": 32,
    "resume_every": 3,
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("base"))


def texts() -> Texts:
    made = splits()
    return Texts(made.train, made.validation, "d")


def weights(out: Path) -> bytes:
    return (out / "model" / "model.safetensors").read_bytes()


def test_training_on_the_text_makes_its_masked_words_more_likely(base: Path, tmp_path: Path) -> None:
    told: list[Mapping[str, Any]] = []
    method = MaskedLanguageModel(base_model=str(base), **{**SETTINGS, "epochs": 6})
    metrics = method.fit(texts(), CPU, tmp_path, told.append)
    assert metrics["mask_likelihood"] > 1.5 * metrics["mask_likelihood_before"] > 0
    assert metrics["mask_likelihood"] < 1
    assert [e["epoch"] for e in told if e["kind"] == "epoch"] == [1, 2, 3, 4, 5, 6]
    losses = [row["loss"] for row in json.loads((tmp_path / "loss.json").read_text()) if "loss" in row]
    assert np.mean(losses[-5:]) < np.mean(losses[:5])


def test_the_folder_is_a_masked_language_model_and_a_base_model_of_every_task(base: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForMaskedLM, AutoModelForTokenClassification, AutoTokenizer

    MaskedLanguageModel(base_model=str(base), adapt_vocabulary=True, layers=1, **SETTINGS).fit(
        texts(), CPU, tmp_path, lambda _: None
    )
    folder = tmp_path / "model"
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    masked = AutoModelForMaskedLM.from_pretrained(folder, local_files_only=True)
    tagger = AutoModelForTokenClassification.from_pretrained(folder, local_files_only=True)
    assert masked.config.num_hidden_layers == 1
    assert masked.get_output_embeddings().weight.shape == (len(tokenizer), 16)
    assert masked.get_output_embeddings().weight.data_ptr() == masked.get_input_embeddings().weight.data_ptr()
    assert (tagger.get_input_embeddings().weight == masked.get_input_embeddings().weight).all()
    assert "李" in tokenizer.get_vocab()


def test_the_same_seed_gives_the_same_weights_and_a_killed_fit_goes_on_to_them(base: Path, tmp_path: Path) -> None:
    method = MaskedLanguageModel(base_model=str(base), **SETTINGS)
    metrics = method.fit(texts(), CPU, tmp_path / "whole", lambda _: None)

    class Killed(Exception):
        pass

    def kill(event: Mapping[str, Any]) -> None:
        if event["kind"] == "epoch" and event["epoch"] == 1:
            raise Killed

    with pytest.raises(Killed):
        method.fit(texts(), CPU, tmp_path / "killed", kill)
    resumed = method.fit(texts(), CPU, tmp_path / "killed", lambda _: None)
    assert weights(tmp_path / "killed") == weights(tmp_path / "whole")
    assert resumed["mask_likelihood"] == metrics["mask_likelihood"]


def test_whole_words_are_masked_together_and_about_the_share_that_is_asked(base: Path) -> None:
    from transformers import AutoTokenizer

    from pipeline.encoder._masked import Masker
    from pipeline.training._examples import IGNORED

    tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
    table = to_table(
        Document(str(n), "then Anna went to Zoë gladly then sadly to Bo then", language="en") for n in range(50)
    )
    method = MaskedLanguageModel(base_model=str(base), mask_share=0.3)
    examples = Masker(tokenizer, 64, method).examples(table)
    shares = []
    for n, window in enumerate(examples.windows[:]):
        drawn = window.targets != IGNORED
        member = examples.windows.members[n]  # type: ignore[attr-defined]
        for word in np.unique(member[member >= 0]):
            assert len(set(drawn[member == word].tolist())) == 1, "a word is masked whole or not at all"
        assert not drawn[0] and not drawn[-1], "special tokens are not predicted"
        plain = examples.windows.plain[n].ids  # type: ignore[attr-defined]
        assert (window.targets[drawn] == plain[drawn]).all()
        assert (window.ids[~drawn] == plain[~drawn]).all()
        shares.append(drawn.sum() / (member >= 0).sum())
    assert 0.25 < float(np.mean(shares)) < 0.45
    first, again = examples.windows[0], examples.windows[0]
    assert (first.ids == again.ids).all()
    examples.windows.epoch = lambda: 1  # type: ignore[attr-defined]
    assert any((a.ids != b.ids).any() for a, b in zip(examples.windows[:], [first] * 50, strict=True))


def test_chinese_words_are_masked_whole(base: Path) -> None:
    from pipeline.encoder._masked import Masker, build

    text = "北京大学的李鹏在北京说话"
    table = to_table([Document("a", text, language="zh")])
    method = MaskedLanguageModel(base_model=str(base), adapt_vocabulary=True, layers=1)
    _, tokenizer = build(method, [text] * 2)
    examples = Masker(tokenizer, 64, method).examples(table)
    member = examples.windows.members[0].tolist()  # type: ignore[attr-defined]
    assert member[0] == member[-1] == -1
    assert member[1] == member[2] and len(set(member[1:-1])) < len(text), "two characters of 北京 are one word"


def test_no_text_is_a_clear_error(base: Path, tmp_path: Path) -> None:
    empty = to_table([])
    with pytest.raises(WrongUse, match="the train or the validation split holds no documents"):
        MaskedLanguageModel(base_model=str(base)).fit(Texts(empty, empty, "d"), CPU, tmp_path, lambda _: None)


ENCODER = {"use": "masked_language_model", "layers": 1, "max_length": 32, "batch_tokens": 256}


def test_a_variant_starts_from_the_encoder_of_its_recipe(made: TinyProject) -> None:
    made.edit_recipe(encoder=ENCODER, variants={"pretrained": {"training": {"base_model": "encoder", "layers": 1}}})
    recipe, store = made.recipe("training.adapt_vocabulary=false"), made.store
    seen, texts = list[list[str]](), set[str]()

    def trainer(todo: job.Job, report: Report) -> None:
        if todo.encoder is not None:
            files = ("train", "validation", "test")
            read = {n: pq.read_table(todo.folder / "data" / f"{n}.parquet")["id"].to_pylist() for n in files}
            seen.append(read["test"])
            texts.update(read["train"])
        job.run(todo, report)

    stages.run(recipe, store, "pretrained", trainer)
    encoder = store.published(recipe.place("encoder"))
    assert encoder is not None
    assert 0 < encoder.manifest.facts["metrics"]["mask_likelihood"] < 1
    assert seen == [[]], "no text of the test split is handed to the encoder"
    splits = store.published(recipe.place("splits"))
    assert splits is not None
    rows = store.audit_documents(splits).select(["id", "split"]).to_pylist()
    assert texts == {r["id"] for r in rows if r["split"] == "train"} | {"tiny/unannotated"}
    assert encoder.manifest.facts["documents"] == len(texts)
    assert encoder.manifest.facts["unlabelled"] == 1
    version = store.published(recipe.place("checkpoint", "pretrained"))
    assert version is not None
    assert version.manifest.facts["base_model"] == "encoder"
    assert ("journeys/encoder", encoder.digest) in {(i.asset, i.digest) for i in version.manifest.inputs}


def test_an_encoder_that_is_named_and_not_there_is_a_mistake(project: TinyProject) -> None:
    project.edit_recipe(variants={"pretrained": {"training": {"base_model": "encoder"}}})
    (mistake,) = project.load().mistakes
    assert mistake.place == "variants.pretrained.training.base_model"
    assert mistake.message == "is the recipe's own encoder, and the recipe has no `encoder`"
