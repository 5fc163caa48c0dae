"""The loop learns what a plain PyTorch loop learns: the same losses, step by step, whatever it does to be fast."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from pipeline.frames import to_table
from pipeline.training import _network
from pipeline.training._base_model import locate
from pipeline.training._batches import batches
from pipeline.training._examples import Encoder, Examples
from pipeline.training._forward import rounded
from pipeline.training._loop import Loop
from pipeline.training._schedule import Schedule
from tests.tiny_training import CPU, TASK, sentences, tiny_bert

EPOCHS, RATE, TOKENS, WARMUP, DECAY, CLIPPING = 3, 1e-2, 64, 0.1, 0.01, 1.0


@pytest.fixture
def built(tmp_path: Path) -> Callable[[], tuple[Any, Examples, int]]:
    base = str(tiny_bert(tmp_path / "base"))

    def build() -> tuple[Any, Examples, int]:
        """The same weights each time, and the examples; every document weighs the same."""
        shape = _network.Shape(None, adapt_vocabulary=False, casing=False, dropout=0.0, seed=3)
        model, tokenizer = _network.build(locate(base), TASK, shape, [])
        examples = Encoder(tokenizer, TASK, 32, casing=False).encode(to_table(d for d in sentences("a", 40)[::2]))
        return model, examples, int(tokenizer.pad_token_id)

    return build


def test_the_losses_are_those_of_a_plain_loop(tmp_path: Path, built: Callable[[], tuple[Any, Examples, int]]) -> None:
    model, examples, pad = built()
    schedule = Schedule(EPOCHS, RATE, 1.0, TOKENS, WARMUP, DECAY, CLIPPING, 0, 7)
    values = iter(range(1, EPOCHS + 1))
    loop = Loop(model, examples, schedule, CPU, tmp_path / "r", lambda _: None, lambda: float(next(values)), "f1", pad)
    found = [loss for _, loss in loop.run().losses]
    expected = _plain(*built())
    assert len(found) == len(expected) > 15
    assert found == pytest.approx(expected, abs=1e-5)
    assert found[-1] < found[0] / 2, "and they fall"


def _plain(model: Any, examples: Examples, pad: int) -> list[float]:
    """AdamW, linear warm-up and decay, padding to the longest, the model's own loss."""
    words = model.get_input_embeddings().weight
    decayed = [p for p in model.parameters() if p.ndim > 1 and p is not words]
    others = [p for p in model.parameters() if p.ndim < 2 or p is words]
    groups = [{"params": decayed, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE)
    orders = [batches(rounded(examples.lengths), TOKENS, 7 * 1000 + epoch) for epoch in range(EPOCHS)]
    steps = sum(map(len, orders))
    losses: list[float] = []
    model.train()
    for indices in (batch for order in orders for batch in order):
        step, rising = len(losses), WARMUP * steps
        factor = (step + 1) / (rising + 1) if step < rising else (steps - step) / (steps - rising)
        for group in optimizer.param_groups:
            group["lr"] = RATE * factor
        windows = [examples.windows[i] for i in indices]
        ids = nn.utils.rnn.pad_sequence([torch.tensor(w.ids) for w in windows], True, pad).long()
        labels = nn.utils.rnn.pad_sequence([torch.tensor(w.targets) for w in windows], True, -100).long()
        loss = model(input_ids=ids, attention_mask=(ids != pad).long(), labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIPPING)
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses
