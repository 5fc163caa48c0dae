"""The network of one fine-tuning: a base model with a fresh head, cut to the settings, with its tokenizer."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from pipeline.errors import WrongUse
from pipeline.task._learnable import LearnableTask
from pipeline.training import _characters
from pipeline.training._base_model import Located, opened
from pipeline.training._forward import STEP
from pipeline.training._windows import CASINGS

SHORTEST = 8  # tokens of a window


@dataclass(frozen=True, slots=True)
class Shape:
    """What is changed of a base model: see the fields of the same names of `Gradient`."""

    layers: int | None
    adapt_vocabulary: bool
    casing: bool
    dropout: float
    seed: int


def build(located: Located, task: LearnableTask, shape: Shape, texts: Sequence[str]) -> tuple[Any, Any]:
    """(model, fast tokenizer). The same seed and the same texts give the same weights.

    Raises:
        BaseModelError: the base model cannot be opened.
        WrongUse: a setting does not fit the base model.
    """
    from transformers import AutoConfig, AutoTokenizer
    from transformers.utils import logging as progress_bars

    logging.getLogger("transformers").setLevel(logging.ERROR)  # the load report of a head that is meant to be new
    progress_bars.disable_progress_bar()  # progress goes through the report alone
    torch.manual_seed(shape.seed)
    tokenizer = opened(AutoTokenizer, located)
    if not tokenizer.is_fast:
        raise WrongUse(f"base_model: {located.where} has no fast tokenizer, so its offsets are unknown; choose another")
    config = _config(opened(AutoConfig, located), task, shape)
    model = opened(_kind(task), located, config=config, use_safetensors=True, dtype=torch.float32)
    if shape.casing:
        _add_casings(model)
    if shape.adapt_vocabulary:
        tokenizer = _adapt(model, tokenizer, texts, shape.seed)
    _add_markers(model, tokenizer, task.markers)
    return model, tokenizer


def _kind(task: LearnableTask) -> Any:
    import transformers

    return {
        "token": transformers.AutoModelForTokenClassification,
        "sequence": transformers.AutoModelForSequenceClassification,
        "multi_label": transformers.AutoModelForSequenceClassification,
        "span": transformers.AutoModelForQuestionAnswering,
    }[task.head]


def _add_markers(model: Any, tokenizer: Any, markers: Sequence[str]) -> None:
    """New rows for the markers that the vocabulary lacks: two that are both [UNK] could not be told apart."""
    missing = [m for m in markers if tokenizer.convert_tokens_to_ids(m) in (None, tokenizer.unk_token_id)]
    if missing:
        tokenizer.add_tokens(missing)
        model.resize_token_embeddings(len(tokenizer), mean_resizing=False)


def always_trained(model: Any, casing: bool, adapt_vocabulary: bool) -> list[str]:
    """Names of the layers of a network that every method trains: its head, and the embeddings that were made new.

    The head is what stands after the encoder's last layer: the classifier, and the pooler where there is one, which
    many base models come without.
    """
    body, name = model.base_model, model.base_model_prefix
    wanted = {child for child, module in model.named_children() if module is not body} | {f"{name}.pooler"}
    if casing:
        wanted.add(f"{name}.embeddings.token_type_embeddings")
    if adapt_vocabulary:
        words = model.get_input_embeddings()
        wanted.add(next(n for n, module in model.named_modules() if module is words))
    return [
        n
        for n, module in model.named_modules()
        if any(n == w or n.startswith(f"{w}.") for w in wanted) and any(True for _ in module.parameters(recurse=False))
    ]


def freeze(model: Any, trained: Sequence[str]) -> None:
    """Train the layers of these names and nothing else."""
    model.requires_grad_(False)
    for name in trained:
        model.get_submodule(name).requires_grad_(True)


def longest_window(model: Any, tokenizer: Any, wanted: int | None, taken: int = 0) -> int:
    """Tokens a window may hold: what is wanted, at most what the model and its tokenizer can beside those `taken`."""
    most = min(int(getattr(model.config, "max_position_embeddings", 512)), int(tokenizer.model_max_length))
    if taken:
        most = (
            (most - taken) // STEP * STEP
        )  # lengths are rounded up to STEP, which must not go beyond the last position
    if most < SHORTEST:
        raise WrongUse(f"virtual_tokens: {taken} leave room for {max(most, 0)} tokens of text; give fewer")
    if wanted is not None and wanted > most:
        raise WrongUse(f"max_length: {wanted} is more than this base model can read; give at most {most}")
    return wanted or most


def _config(config: Any, task: LearnableTask, shape: Shape) -> Any:
    cut(config, shape.layers, shape.dropout)
    config.id2label = dict(enumerate(task.classes))
    config.label2id = {name: i for i, name in enumerate(task.classes)}
    if task.head == "multi_label":
        config.problem_type = "multi_label_classification"
    return config


def cut(config: Any, layers: int | None, dropout: float) -> None:
    """Keep the first so many layers, and set the dropout everywhere. Raises WrongUse where there are fewer."""
    if layers is not None:
        if layers > config.num_hidden_layers:
            raise WrongUse(f"layers: {layers} is more than the {config.num_hidden_layers} of the base model")
        config.num_hidden_layers = layers
    for name in ("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"):
        if hasattr(config, name):
            setattr(config, name, dropout)


def _add_casings(model: Any) -> None:
    """A token type for each casing, each beginning as the base model's first; training tells them apart."""
    embeddings = getattr(model.base_model, "embeddings", None)
    old = getattr(embeddings, "token_type_embeddings", None)
    if embeddings is None or old is None:
        raise WrongUse("casing: this base model has no token types; leave casing out or choose a BERT")
    new = nn.Embedding(CASINGS, old.embedding_dim)
    with torch.no_grad():
        new.weight.normal_(0, 0.02)
        new.weight += old.weight[0]
        new.weight[0] = old.weight[0]
    embeddings.token_type_embeddings = new
    model.config.type_vocab_size = CASINGS


def _adapt(model: Any, tokenizer: Any, texts: Sequence[str], seed: int) -> Any:
    """Give the model one word embedding a character of `texts`, and return the tokenizer that goes with it."""
    if tokenizer.cls_token is None or tokenizer.sep_token is None or tokenizer.unk_token is None:
        raise WrongUse("adapt_vocabulary: this tokenizer has no [CLS], [SEP] or [UNK]; choose a BERT")
    vocabulary = _characters.character_vocabulary(texts, tokenizer)
    base = model.get_input_embeddings().weight.detach().numpy().astype(np.float32)
    rows = torch.from_numpy(_characters.character_rows(vocabulary, tokenizer, base, seed))
    adapted = _characters.character_tokenizer(vocabulary, tokenizer)
    new = nn.Embedding(len(rows), rows.shape[1], padding_idx=vocabulary.get(tokenizer.pad_token))
    with torch.no_grad():
        new.weight.copy_(rows)
    model.set_input_embeddings(new)
    model.config.vocab_size = len(rows)
    for name in ("pad", "bos", "eos", "sep", "cls"):
        if getattr(model.config, f"{name}_token_id", None) is not None:
            setattr(model.config, f"{name}_token_id", getattr(adapted, f"{name}_token_id", None))
    return adapted
