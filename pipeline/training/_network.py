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

CASINGS = 3  # lower, Capitalised, ALL CAPS


@dataclass(frozen=True, slots=True)
class Shape:
    """What is changed of a base model: see the fields of the same names of `Full`."""

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
    from transformers import (
        AutoConfig,
        AutoModelForSequenceClassification,
        AutoModelForTokenClassification,
        AutoTokenizer,
    )
    from transformers.utils import logging as progress_bars

    logging.getLogger("transformers").setLevel(logging.ERROR)  # the load report of a head that is meant to be new
    progress_bars.disable_progress_bar()  # progress goes through the report alone
    torch.manual_seed(shape.seed)
    tokenizer = opened(AutoTokenizer, located)
    if not tokenizer.is_fast:
        raise WrongUse(f"base_model: {located.where} has no fast tokenizer, so its offsets are unknown; choose another")
    config = _config(opened(AutoConfig, located), task, shape)
    kind = AutoModelForTokenClassification if task.head == "token" else AutoModelForSequenceClassification
    model = opened(kind, located, config=config, use_safetensors=True, dtype=torch.float32)
    if shape.casing:
        _add_casings(model)
    if shape.adapt_vocabulary:
        tokenizer = _adapt(model, tokenizer, texts, shape.seed)
    return model, tokenizer


def longest_window(model: Any, tokenizer: Any, wanted: int | None) -> int:
    """Tokens a window may hold: what is wanted, at most what the model and its tokenizer can."""
    most = min(int(getattr(model.config, "max_position_embeddings", 512)), int(tokenizer.model_max_length))
    if wanted is not None and wanted > most:
        raise WrongUse(f"max_length: {wanted} is more than this base model can read; give at most {most}")
    return wanted or most


def _config(config: Any, task: LearnableTask, shape: Shape) -> Any:
    if shape.layers is not None:
        if shape.layers > config.num_hidden_layers:
            raise WrongUse(f"layers: {shape.layers} is more than the {config.num_hidden_layers} of the base model")
        config.num_hidden_layers = shape.layers
    config.id2label = dict(enumerate(task.classes))
    config.label2id = {name: i for i, name in enumerate(task.classes)}
    for name in ("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"):
        if hasattr(config, name):
            setattr(config, name, shape.dropout)
    return config


def _add_casings(model: Any) -> None:
    """Three token types, each beginning as the base model's first; training tells them apart."""
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
