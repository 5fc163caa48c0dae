"""A chain's sums and marginals are those of every sequence of classes, counted one by one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.part import BadSettings, build
from pipeline.task.text_classification import TextClassification
from pipeline.training._chain import PACE, Chain, Likelihood, attach
from pipeline.training._examples import IGNORED
from pipeline.training._forward import Batch
from pipeline.training.crf import Crf
from tests.tiny_training import tiny_bert

numbers = st.floats(-4, 4, width=32)


@st.composite
def chains(draw: st.DrawFn) -> tuple[Chain, torch.Tensor, torch.Tensor]:
    """(chain, logits (windows, tokens, classes), mask); each window has a token at least."""
    windows, tokens, classes = draw(st.integers(1, 3)), draw(st.integers(1, 5)), draw(st.integers(2, 3))
    flat = draw(st.lists(numbers, min_size=windows * tokens * classes, max_size=windows * tokens * classes))
    pairs = draw(st.lists(numbers, min_size=classes**2, max_size=classes**2))
    lengths = torch.tensor(draw(st.lists(st.integers(1, tokens), min_size=windows, max_size=windows)))
    chain = Chain(classes)
    with torch.no_grad():
        chain.scores.copy_(torch.tensor(pairs).view(classes, classes) / PACE)
    mask = (torch.arange(tokens) < lengths[:, None]).long()
    return chain, torch.tensor(flat).view(windows, tokens, classes), mask


def sequences(chain: Chain, logits: torch.Tensor, length: int) -> Iterator[tuple[tuple[int, ...], torch.Tensor]]:
    """Every sequence of classes of one window, and its score."""
    for classes in product(range(logits.shape[1]), repeat=length):
        score = sum((logits[at, c] for at, c in enumerate(classes)), torch.zeros(()))
        pairs = [chain.scores[a, b] * PACE for a, b in pairwise(classes)]
        yield classes, score + sum(pairs, torch.zeros(()))


@settings(max_examples=60, deadline=None)
@given(chains())
def test_sums_and_marginals_are_those_of_all_sequences(case: tuple[Chain, torch.Tensor, torch.Tensor]) -> None:
    chain, logits, mask = case
    with torch.no_grad():
        total, marginals = chain.total(logits, mask), chain.marginals(logits, mask)
        for window, length in enumerate(mask.sum(1).tolist()):
            every = list(sequences(chain, logits[window], length))
            whole = torch.logsumexp(torch.stack([score for _, score in every]), 0)
            assert float(total[window]) == pytest.approx(float(whole), abs=1e-3)
            for at, c in product(range(length), range(logits.shape[2])):
                found = torch.logsumexp(torch.stack([score for classes, score in every if classes[at] == c]), 0)
                assert float(marginals[window, at, c]) == pytest.approx(float(found - whole), abs=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_marginals_of_long_windows_are_the_gradient_of_the_sum(seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    chain, logits = Chain(21), torch.randn(4, 200, 21, generator=random) * 6
    with torch.no_grad():
        chain.scores.copy_(torch.randn(21, 21, generator=random) * 4 / PACE)
    mask = (torch.arange(200) < torch.tensor([200, 1, 63, 64])[:, None]).long()
    logits.requires_grad_(True)
    chain.total(logits, mask).sum().backward()
    assert logits.grad is not None
    found = chain.marginals(logits.detach(), mask).detach().exp()
    real = mask.bool()
    torch.testing.assert_close(found[real], logits.grad[real], rtol=1e-3, atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(chains(), st.data())
def test_the_loss_is_what_the_right_sequences_lack(
    case: tuple[Chain, torch.Tensor, torch.Tensor], data: st.DataObject
) -> None:
    chain, logits, mask = case
    model = torch.nn.Module()
    model.add_module("chain", chain)
    classes = st.integers(-1, logits.shape[2] - 1)
    drawn = data.draw(st.lists(classes, min_size=mask.numel(), max_size=mask.numel()))
    targets = torch.tensor(drawn).view(mask.shape)
    targets = torch.where((targets < 0) | (mask == 0), IGNORED, targets)
    targets[0, 0] = 0  # one token has a class
    weights = torch.arange(1.0, len(mask) + 1)
    batch = Batch({"attention_mask": mask}, targets, weights, int(mask.sum()))
    expected = 0.0
    for window, length in enumerate(mask.sum(1).tolist()):
        every = list(sequences(chain, logits[window], length))
        own = targets[window, :length].tolist()
        right = [s for c, s in every if all(o in (IGNORED, x) for o, x in zip(own, c, strict=True))]
        lack = torch.logsumexp(torch.stack([s for _, s in every]), 0) - torch.logsumexp(torch.stack(right), 0)
        expected += float(lack * weights[window])
    found = Likelihood(model).loss(batch, logits)
    assert float(found) == pytest.approx(expected / float(batch.mass()), abs=1e-3)


def test_without_scores_the_chain_is_the_classifier_alone(tmp_path: Path) -> None:
    from transformers import AutoModelForTokenClassification

    model = AutoModelForTokenClassification.from_pretrained(tiny_bert(tmp_path / "base"), num_labels=5).eval()
    inputs = {"input_ids": torch.arange(5, 25).view(2, 10), "attention_mask": torch.ones(2, 10, dtype=torch.long)}
    with torch.inference_mode():
        before = model(**inputs).logits.log_softmax(-1)
        torch.testing.assert_close(attach(model)(**inputs).logits, before)
        model.chain.scores[1, 1] = 1.0
        assert not torch.allclose(model(**inputs).logits, before, atol=1e-3)
        model.train()
        assert float(model(**inputs).logits.exp().sum(-1).mean()) != pytest.approx(1), "training sees the classifier"


def test_it_is_for_tasks_that_give_every_token_a_class_and_for_windows_that_are_not_mixed() -> None:
    assert "crf learns tasks of the kind token" in Crf().unfit(TextClassification(labels=("good", "bad")))
    with pytest.raises(BadSettings, match="mixup"):
        build("training", {"use": "crf", "mixup": 0.2})
