"""Mixup mixes inputs and losses by one share, and a fit with it is as repeatable as one without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertForTokenClassification

from pipeline.training._forward import Batch
from pipeline.training._mixup import mixed_loss
from pipeline.training.full import Full
from tests.tiny_training import CPU, TASK, splits, tiny_bert

SETTINGS: dict[str, Any] = {"epochs": 1, "learning_rate": 5e-3, "batch_tokens": 128, "max_length": 32, "layers": 1}


def model() -> Any:
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    return BertForTokenClassification(BertConfig(vocab_size=30, num_labels=3, **sizes)).eval()


def batch(*rows: list[int], targets: list[list[int]]) -> Batch:
    ids = torch.tensor(rows)
    inputs = {"input_ids": ids, "token_type_ids": torch.zeros_like(ids), "attention_mask": torch.ones_like(ids)}
    return Batch(inputs, torch.tensor(targets), torch.ones(len(rows)), ids.numel())


def plain(network: Any, b: Batch) -> float:
    return float(b.loss(network(**b.inputs).logits).detach())


def test_a_row_mixed_with_its_like_has_its_own_loss_and_so_has_a_row_alone() -> None:
    network = model()
    twins = batch([3, 4, 5], [3, 4, 5], targets=[[0, 1, 2], [0, 1, 2]])
    alone = batch([3, 4, 5], targets=[[0, 1, 2]])
    for same in (twins, alone):
        assert float(mixed_loss(network, same, 0.5).detach()) == pytest.approx(plain(network, same), abs=1e-6)


def test_different_rows_are_mixed_and_the_loss_lies_with_both_targets() -> None:
    network = model()
    b = batch([3, 4, 5], [7, 8, 9], targets=[[0, 0, 0], [2, 2, 2]])
    torch.manual_seed(2)
    values = {round(float(mixed_loss(network, b, 1.0).detach()), 6) for _ in range(12)}
    assert len(values) > 3
    assert all(value > 0 for value in values)


def test_a_fit_with_mixup_is_the_same_twice_and_another_than_without(tmp_path: Path) -> None:
    base = tiny_bert(tmp_path / "base")
    weights = []
    for number, mixup in enumerate((0.4, 0.4, 0.0)):
        out = tmp_path / str(number)
        out.mkdir()
        Full(base_model=str(base), mixup=mixup, **SETTINGS).fit(TASK, splits(), CPU, out, lambda event: None)
        weights.append(load_file(out / "model" / "model.safetensors"))
    first, second, without = weights
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], without[name]) for name in first)
