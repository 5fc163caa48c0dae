"""Training only the rows that the text uses is exact, and puts everything back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline.frames import to_table
from pipeline.training import _network
from pipeline.training._base_model import locate
from pipeline.training._examples import Encoder, Examples
from pipeline.training._loop import Loop
from pipeline.training._schedule import Schedule
from pipeline.training._used_rows import UsedRows, only_used_rows
from tests.tiny_training import CPU, TASK, sentences, tiny_bert

SCHEDULE = Schedule(2, 1e-2, 1.0, 64, 0.1, 0.01, 1.0, 0, 7)


class EveryRow(Loop):
    every_row = True


def built(base: Path) -> tuple[Any, Examples, int]:
    shape = _network.Shape(None, adapt_vocabulary=False, casing=False, dropout=0.0, seed=3)
    model, tokenizer = _network.build(locate(str(base)), TASK, shape, [])
    examples = Encoder(tokenizer, TASK, 32, casing=False).encode(to_table(sentences("a", 12)[:3]))
    return model, examples, int(tokenizer.pad_token_id)


def trained(kind: type[Loop], base: Path, folder: Path) -> tuple[Any, Loop]:
    model, examples, pad = built(base)

    def validate() -> float:
        model.eval()
        return 1.0

    loop = kind(model, examples, SCHEDULE, CPU, folder, lambda _: None, validate, "f1", pad)
    loop.run()
    return model, loop


def test_weights_are_those_of_training_every_row(tmp_path: Path) -> None:
    base = tiny_bert(tmp_path / "base")
    narrow, loop = trained(Loop, base, tmp_path / "narrow")
    whole, _ = trained(EveryRow, base, tmp_path / "whole")
    before = built(base)[0].get_input_embeddings().weight
    assert narrow.state_dict().keys() == whole.state_dict().keys()
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(narrow.state_dict()[name], value, rtol=1e-4, atol=1e-6)
    words = narrow.get_input_embeddings()
    assert type(words) is torch.nn.Embedding
    assert words.weight.requires_grad
    used = (words.weight != before).any(1)
    assert 5 < int(used.sum()) < len(used), "some rows were trained and some were not"
    optimized = sum(p.numel() for group in loop.optimizer.param_groups for p in group["params"])
    unused = words.weight.numel() - int(used.sum()) * words.embedding_dim
    assert optimized < sum(p.numel() for p in narrow.parameters()) - unused / 2


def test_prediction_in_between_reads_every_row_as_trained_so_far(tmp_path: Path) -> None:
    model, examples, pad = built(tiny_bert(tmp_path / "base"))
    every = torch.arange(model.config.vocab_size)
    with only_used_rows(model, examples, pad):
        words = model.get_input_embeddings()
        assert isinstance(words, UsedRows)
        model.train()
        with torch.no_grad():
            words.used += 1
        model.eval()
        seen = model.get_input_embeddings()(every)
        model.train()
        unused = next(i for i in every.tolist() if i not in words.rows.tolist())
        with pytest.raises(IndexError):
            words(torch.tensor([unused]))
    assert torch.equal(seen, model.get_input_embeddings()(every))


def test_rows_that_another_layer_shares_or_that_are_frozen_stay_whole(tmp_path: Path) -> None:
    from transformers import AutoConfig, AutoModelForMaskedLM

    base = tiny_bert(tmp_path / "base")
    model, examples, pad = built(base)
    tied = AutoModelForMaskedLM.from_config(AutoConfig.from_pretrained(base))
    model.get_input_embeddings().weight.requires_grad_(False)
    for each in (tied, model):
        words = each.get_input_embeddings()
        with only_used_rows(each, examples, pad):
            assert each.get_input_embeddings() is words
    assert tied.get_input_embeddings().weight.requires_grad
    assert not model.get_input_embeddings().weight.requires_grad


def test_a_failure_leaves_the_model_whole(tmp_path: Path) -> None:
    model, examples, pad = built(tiny_bert(tmp_path / "base"))
    words = model.get_input_embeddings()
    with pytest.raises(ZeroDivisionError), only_used_rows(model, examples, pad):
        _ = 1 / 0
    assert model.get_input_embeddings() is words
    assert words.weight.requires_grad
