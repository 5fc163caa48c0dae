"""Few-shot and zero-shot methods on tiny models: what they write, what comes back, and what they refuse."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.errors import WrongUse
from pipeline.part import BadSettings, build
from pipeline.task import Task
from pipeline.task.sentence_pair_classification import SentencePairClassification
from pipeline.task.text_classification import TextClassification
from pipeline.training import Training, _loop
from pipeline.training.cloze import Cloze
from pipeline.training.setfit import Setfit
from pipeline.training.zero_shot import ZeroShot
from pipeline.types import Document
from tests.tiny_training import CPU, TASK, splits, tiny_bert

CLASSIFY = TextClassification(labels=("good", "bad"))
SETFIT: dict[str, Any] = {
    "epochs": 12,
    "examples_per_class": 8,
    "learning_rate": 5e-3,
    "batch_tokens": 128,
    "max_length": 32,
    "dropout": 0.0,
}
CLOZE: dict[str, Any] = {
    "epochs": 6,
    "examples_per_class": 8,
    "learning_rate": 5e-3,
    "batch_tokens": 128,
    "max_length": 48,
    "template": "It was [MASK]. {text}",
    "words": {"good": ["good", "gladly"], "bad": "bad"},
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def masked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from pipeline.training._few_shot_tiny import tiny_masked_model

    return tiny_masked_model(tmp_path_factory.mktemp("masked"))


@pytest.fixture(scope="module")
def entailing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return entailment_model(tmp_path_factory.mktemp("entailing"), ("contradiction", "neutral", "entailment"))


def entailment_model(folder: Path, classes: tuple[str, ...]) -> Path:
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    from pipeline.training._few_shot_tiny import tiny_masked_model

    tokenizer = AutoTokenizer.from_pretrained(tiny_masked_model(folder / "words"))
    torch.manual_seed(5)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=0.5,
        id2label=dict(enumerate(classes)),
        label2id={name: n for n, name in enumerate(classes)},
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    from tokenizers.processors import TemplateProcessing

    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def methods(base: Path, masked: Path, entailing: Path) -> dict[str, Training]:
    return {
        "setfit": Setfit(base_model=str(base), **SETFIT),
        "cloze": Cloze(base_model=str(masked), **CLOZE),
        "cloze_untrained": Cloze(base_model=str(masked), **CLOZE | {"epochs": 0}),
        "by_embedding": ZeroShot(base_model=str(base), max_length=32, descriptions={"good": ["gladly", "glad"]}),
        "by_entailment": ZeroShot(entailment_model=str(entailing), hypothesis="it was {}.", batch_tokens=64),
    }


NAMES = ("setfit", "cloze", "cloze_untrained", "by_embedding", "by_entailment")


def fit(method: Training, out: Path, report: Any = lambda _: None) -> Mapping[str, float]:
    return method.fit(CLASSIFY, splits(), CPU, out, report).metrics


def weights(out: Path) -> bytes:
    return (out / "model" / "model.safetensors").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_a_fit_writes_what_every_method_writes_and_the_same_seed_gives_the_same_bytes(
    name: str, methods: dict[str, Training], tmp_path: Path
) -> None:
    metrics = fit(methods[name], tmp_path / "a")
    fit(methods[name], tmp_path / "b")
    assert weights(tmp_path / "a") == weights(tmp_path / "b")
    predictions = pq.read_table(tmp_path / "a" / "predictions.parquet")
    assert predictions.equals(pq.read_table(tmp_path / "b" / "predictions.parquet"))
    assert predictions.column("id").to_pylist() == [f"c{i}" for i in range(12)]
    evaluation = json.loads((tmp_path / "a" / "evaluation.json").read_text(encoding="utf-8"))
    assert evaluation["metrics"].items() <= metrics.items()
    losses = json.loads((tmp_path / "a" / "loss.json").read_text(encoding="utf-8"))
    assert any("loss" in row for row in losses) == (name in ("setfit", "cloze"))
    assert {"seconds", "peak_memory_mib", "parameters", "validation_macro_f1"} <= set(metrics)
    assert (metrics["trainable_parameters"] > 0) == (name in ("setfit", "cloze"))
    assert metrics["seconds"] > 0


@pytest.mark.parametrize("name", NAMES)
def test_a_checkpoint_opened_again_gives_the_very_scores_of_its_predictions(
    name: str, methods: dict[str, Training], tmp_path: Path
) -> None:
    from pipeline.training import _facts
    from pipeline.training._examples import gathered
    from pipeline.training._forward import log_probabilities
    from pipeline.training._opening import open_checkpoint

    fit(methods[name], tmp_path)
    model, tokenizer = open_checkpoint(tmp_path / "model")
    facts = _facts.read(tmp_path / "model")
    examples = facts.encoder(tokenizer).encode(splits().test)
    scores = log_probabilities(model, examples, facts.batch_tokens, CPU, tokenizer.pad_token_id)
    assert gathered(examples, scores, CLASSIFY).equals(pq.read_table(tmp_path / "predictions.parquet"))


@pytest.mark.parametrize("name", ["setfit", "by_embedding"])
def test_what_takes_a_mean_opens_with_plain_transformers_with_a_logit_difference_of_0(
    name: str, methods: dict[str, Training], tmp_path: Path
) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    fit(methods[name], tmp_path)
    assert not (tmp_path / "model" / "adapter").exists()
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path / "model", local_files_only=True).eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model", local_files_only=True)
    assert model.config.id2label == {0: "good", 1: "bad"}
    documents = splits().test.to_pylist()
    lengths = [len(tokenizer(d["text"])["input_ids"]) for d in documents]
    at = lengths.index(max(lengths))
    alone = model(**tokenizer(documents[at]["text"], return_tensors="pt")).logits.softmax(-1)[0].tolist()
    stored = pq.read_table(tmp_path / "predictions.parquet").column("scores").to_pylist()[at]
    assert alone == pytest.approx(stored, abs=1e-5)


def test_setfit_and_cloze_learn_one_word_from_few_examples_a_class(
    methods: dict[str, Training], tmp_path: Path
) -> None:
    assert fit(methods["setfit"], tmp_path / "setfit")["accuracy"] == 1.0
    longer = {
        **methods["cloze"].settings(),
        "epochs": 40,
        "learning_rate": 1e-2,
        "examples_per_class": 20,
        "dropout": 0,
    }
    method = build("training", longer)
    assert isinstance(method, Training)
    assert fit(method, tmp_path / "cloze")["accuracy"] == 1.0


def test_the_added_layer_gives_the_mean_over_the_tokens_that_are_no_padding(base: Path) -> None:
    import torch
    from transformers import BertForSequenceClassification

    from pipeline.training._embedding import embeddings, set_classifier, with_mean

    model = BertForSequenceClassification.from_pretrained(base, num_labels=3).eval()
    ids = torch.tensor([[2, 9, 10, 11, 3], [2, 12, 3, 0, 0]])
    mask = (ids != 0).long()
    hidden = model.bert(input_ids=ids, attention_mask=mask).last_hidden_state
    mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    centred = mean - mean.mean(1, keepdim=True)
    expected = torch.nn.functional.normalize(centred, dim=-1)
    found = embeddings(with_mean(model), {"input_ids": ids, "attention_mask": mask})
    assert torch.nn.functional.cosine_similarity(found, expected).min() > 0.999
    weight, bias = torch.randn(3, 16), torch.tensor([1.0, 0.0, -1.0])
    set_classifier(model, weight, bias)
    logits = model(input_ids=ids, attention_mask=mask).logits
    assert torch.allclose(logits, found @ weight.T + bias, atol=2e-3)


def test_a_roberta_takes_the_mean_as_well() -> None:
    import torch
    from transformers import RobertaConfig, RobertaForSequenceClassification

    from pipeline.training._embedding import embeddings, set_classifier, with_mean

    config = RobertaConfig(
        vocab_size=20, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, num_labels=2
    )
    model = with_mean(RobertaForSequenceClassification(config)).eval()
    inputs = {"input_ids": torch.tensor([[0, 5, 6, 2]]), "attention_mask": torch.ones(1, 4, dtype=torch.long)}
    weight = torch.randn(2, 16)
    set_classifier(model, weight, torch.zeros(2))
    assert torch.allclose(model(**inputs).logits, embeddings(model, inputs) @ weight.T, atol=2e-3)


def test_batches_of_pairs_hold_every_text_once_with_every_class_in_twos() -> None:
    from pipeline.training._few_shot_pairs import cut, spread

    classes = np.array([0] * 6 + [1] * 6)
    order = spread(classes, np.random.default_rng(0))
    assert sorted(order) == list(range(12))
    made = cut(order, np.full(12, 8), budget=32)
    assert [len(batch) for batch in made] == [4, 4, 4]
    assert all(sorted(classes[batch].tolist()) == [0, 0, 1, 1] for batch in made)
    assert [len(batch) for batch in cut(list(range(5)), np.full(5, 8), budget=32)] == [5]
    assert [len(batch) for batch in cut(list(range(4)), np.full(4, 100), budget=32)] == [2, 2]


def test_the_loss_of_pairs_is_0_where_classes_are_apart_and_one_half_where_all_is_one() -> None:
    from types import SimpleNamespace

    import torch

    from pipeline.training._few_shot_pairs import Pairs
    from pipeline.training._forward import Batch

    def loss(vectors: list[list[float]]) -> float:
        inputs = {"rows": torch.tensor(vectors)[:, None]}
        body = SimpleNamespace(base_model=lambda rows: SimpleNamespace(last_hidden_state=rows))
        batch = Batch(inputs, torch.tensor([[0], [0], [1], [1]]), torch.ones(4), 4)
        return float(Pairs._loss(SimpleNamespace(model=body), batch))  # type: ignore[arg-type]

    assert loss([[1, 0], [2, 0], [0, 3], [0, 1]]) == 0.0
    assert loss([[1, 0]] * 4) == pytest.approx(0.5)
    assert loss([[1, 0], [0, 1], [1, 0], [0, 1]]) == pytest.approx(0.75)


def test_few_examples_of_each_class_are_drawn_by_the_seed() -> None:
    from pipeline.training._few_shot import few

    table = splits().train
    chosen = few(table, CLASSIFY, 3, seed=1)
    assert sorted(chosen.column("label").to_pylist()) == ["bad"] * 3 + ["good"] * 3
    assert chosen.equals(few(table, CLASSIFY, 3, seed=1))
    assert not chosen.equals(few(table, CLASSIFY, 3, seed=2))
    assert few(table, CLASSIFY, None, seed=1).equals(table)
    with pytest.raises(WrongUse, match="holds no document of 'fair'"):
        few(table, TextClassification(labels=("good", "bad", "fair")), 3, seed=1)


def test_a_template_stands_around_every_window_and_a_mask_in_a_text_is_only_letters(masked: Path) -> None:
    from transformers import AutoTokenizer

    from pipeline.frames import to_table
    from pipeline.training._examples import Encoder
    from pipeline.training._few_shot_cloze import templated

    tokenizer = templated(AutoTokenizer.from_pretrained(masked), "the {text} It was [MASK].")
    text = "then went to [MASK] " + "to the " * 20
    examples = Encoder(tokenizer, CLASSIFY, 24, casing=False).encode(to_table([Document("a", text, label="good")]))
    assert len(examples.windows) > 2
    for window in examples.windows:
        tokens = tokenizer.convert_ids_to_tokens(window.ids.tolist())
        assert tokens[:2] == ["[CLS]", "the"]
        assert tokens[-5:] == ["It", "was", "[MASK]", ".", "[SEP]"]
        assert tokens.count("[MASK]") == 1
        assert len(tokens) <= 24


def test_an_entailment_model_is_asked_for_each_label_as_its_tokenizer_joins_two_texts(entailing: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from pipeline.training._few_shot_entailment import Entailed, hypothesized

    model = AutoModelForSequenceClassification.from_pretrained(entailing).eval()
    tokenizer = AutoTokenizer.from_pretrained(entailing)
    texts, asked = ["then went gladly", "to"], ["it was good.", "it was a bad it."]
    inputs = tokenizer(texts, padding=True, return_tensors="pt", return_token_type_ids=True)
    wrapped = Entailed(model, hypothesized(model, tokenizer, asked))
    found = wrapped(inputs["input_ids"], inputs["attention_mask"], inputs["token_type_ids"]).logits
    expected = [
        [float(model(**tokenizer(t, h, return_tensors="pt", return_token_type_ids=True)).logits[0, 2]) for h in asked]
        for t in texts
    ]
    assert torch.allclose(found, torch.tensor(expected), atol=1e-5)
    assert not math.isclose(*expected[0])


def test_a_model_without_the_class_entailment_is_refused(tmp_path: Path) -> None:
    folder = entailment_model(tmp_path / "other", ("yes", "no"))
    with pytest.raises(WrongUse, match="its classes are yes, no, and none is 'entailment'"):
        fit(ZeroShot(entailment_model=str(folder)), tmp_path / "out")


def test_a_sentence_encoder_is_refused_by_cloze_with_what_would_fit(base: Path, tmp_path: Path) -> None:
    for model in (str(base), "packaged_minilm"):
        with pytest.raises(WrongUse, match=r"has no trained masked-LM head .* give a masked language model: a hub id"):
            fit(Cloze(base_model=model, **CLOZE), tmp_path)


def test_words_that_cannot_stand_for_a_label_are_refused(masked: Path, tmp_path: Path) -> None:
    def words(said: Mapping[str, Any]) -> None:
        fit(Cloze(base_model=str(masked), **CLOZE | {"words": said}), tmp_path)

    with pytest.raises(WrongUse, match=r"words.good: 'goodly' is 3 tokens of the base model \['go"):
        words({"good": "goodly"})
    with pytest.raises(WrongUse, match="'goood' is not a label of the task; did you mean 'good'"):
        words({"goood": "good"})
    with pytest.raises(WrongUse, match="'good' and 'bad' share 'it'"):
        words({"good": "it", "bad": ["bad", "it"]})
    with pytest.raises(WrongUse, match=r"words.bad: '坏' is not in the vocabulary"):
        words({"bad": "坏"})


@pytest.mark.parametrize("use", ["setfit", "cloze", "zero_shot"])
def test_a_task_that_gives_no_document_one_class_is_refused(use: str, tmp_path: Path) -> None:
    method = build("training", {"use": use, **({"base_model": "x"} if use == "cloze" else {})})
    assert isinstance(method, Training)
    with pytest.raises(WrongUse, match=f"{use} learns tasks of the kind sequence, and ner is of the kind token"):
        method.fit(TASK, splits(), CPU, tmp_path, lambda _: None)
    with pytest.raises(WrongUse, match="has 1; give more"):
        method.fit(TextClassification(labels=("good",)), splits(), CPU, tmp_path, lambda _: None)
    assert method.heads == ("sequence",)


def test_bad_settings_are_named_with_what_would_be_right() -> None:
    with pytest.raises(BadSettings) as error:
        build("training", {"use": "cloze", "base_model": "x", "template": "It was [MASK].", "words": {"good": []}})
    assert "a template has {text} once and [MASK] once" in dict(error.value.mistakes)["template"]
    assert "good has no word" in dict(error.value.mistakes)["words"]
    with pytest.raises(BadSettings, match=r"a hypothesis has \{\} once"):
        build("training", {"use": "zero_shot", "hypothesis": "about this"})


def test_a_description_of_no_label_and_a_pair_of_texts_are_refused(base: Path, tmp_path: Path) -> None:
    from pipeline.frames import to_table
    from pipeline.training import Splits
    from pipeline.types import Span

    with pytest.raises(WrongUse, match="descriptions: 'goood' is not a label of the task; did you mean 'good'"):
        fit(ZeroShot(base_model=str(base), descriptions={"goood": "glad"}), tmp_path)
    pair = Document("p", "then went", label="good", spans=(Span(0, 4, "first"), Span(5, 9, "second")))
    table = to_table([pair])
    with pytest.raises(
        WrongUse, match="reads one text as it stands, and sentence_pair_classification gives it two texts"
    ):
        ZeroShot(base_model=str(base)).fit(
            SentencePairClassification(labels=("good", "bad")), Splits(table, table, table, "d"), CPU, tmp_path, print
        )


@pytest.mark.parametrize(
    ("use", "why"),
    [
        ("sentence_pair_classification", "gives it two texts"),
        ("relation_extraction", "puts @ and # around what is meant"),
    ],
)
def test_a_task_that_is_more_than_one_text_is_no_cloze(use: str, why: str, tmp_path: Path) -> None:
    task = build("task", {"use": use, "labels": ["good", "bad"]})
    assert isinstance(task, Task)
    said = f"training: cloze reads one text as it stands, and {use} {why}; take another method"
    with pytest.raises(WrongUse, match=said):
        Cloze(base_model="x").fit(task, splits(), CPU, tmp_path, print)


class Died(Exception):
    pass


@pytest.mark.parametrize("name", ["setfit", "cloze"])
def test_a_fit_that_died_goes_on_and_ends_with_the_same_bytes(
    name: str, methods: dict[str, Training], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    method = build("training", {**methods[name].settings(), "resume_every": 5, "dropout": 0.1})
    assert isinstance(method, Training)
    fit(method, whole)
    plain, saved, told = _loop.Loop._save, list[int](), list[Mapping[str, Any]]()

    def save_and_die(self: _loop.Loop) -> None:
        plain(self)
        saved.append(self.progress.step)
        if saved == [5, 10]:
            raise Died

    monkeypatch.setattr(_loop.Loop, "_save", save_and_die)
    with pytest.raises(Died):
        fit(method, cut)
    assert not (cut / "model").exists()
    method.fit(CLASSIFY, splits(), CPU, cut, told.append)
    assert [event["step"] for event in told if event.get("phase") == "resume"] == [10]
    assert weights(whole) == weights(cut)
