"""A linear chain on a token classifier: which class follows which is learnt too.

Lafferty, McCallum and Pereira 2001, "Conditional Random Fields": the score of a sequence of classes is the sum of the
classifier's logits and of one score for each pair of neighbours. Trained is the likelihood of the right sequence;
predicted are the marginals, the probability of each class given the whole window, so that whatever reads probabilities
of tokens reads these.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from pipeline.errors import WrongUse
from pipeline.training._examples import IGNORED
from pipeline.training._forward import Batch
from pipeline.training._opening import ADAPTER, METHOD
from pipeline.training._steps import Steps

PACE = 100.0  # AdamW moves every number by about the learning rate a step: too little for scores that begin at 0
LONGEST = 512  # tokens of a window, for a graph that is exported once for windows of every length
LEAST = 1e-37  # a probability that float32 still holds
NEVER = -1e4  # a score of what cannot be: in float32 no probability is left of it
CHAIN, WEIGHTS = "chain", "chain.safetensors"
README = """\
# A token classifier and its chain

This folder alone gives the classifier's own logits. Open it with `pipeline.training._opening.open_checkpoint(FOLDER)`,
which gives the log probabilities that the checkpoint was scored with.
"""


class Chain(nn.Module):
    """`scores[i, j]` times PACE is the score of class j after class i. It begins at 0: then there is no chain."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.scores = nn.Parameter(torch.zeros(classes, classes))

    def total(self, logits: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Log of the sum over all sequences of classes, (windows,), of logits (windows, tokens, classes)."""
        pairs, sums = self.scores * PACE, logits[:, 0]
        for at in range(1, logits.shape[1]):
            longer = torch.logsumexp(sums[:, :, None] + pairs, 1) + logits[:, at]
            sums = torch.where(mask[:, at, None] > 0, longer, sums)
        return torch.logsumexp(sums, 1)

    def marginals(self, logits: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Log probability of each class at each token, given its whole window: (windows, tokens, classes).

        Sums over what stands before and after a token come from products of matrices over ever longer runs, doubled
        each time: no loop over tokens, which an exported graph could not hold for windows of every length.
        """
        logits = logits.log_softmax(-1)  # changes no marginal, and keeps the sums of long windows small
        steps = self.scores * PACE + logits[:, :, None, :]  # from each class before a token to each at it
        same = NEVER * (1 - torch.eye(len(self.scores), device=logits.device))
        steps = torch.where(mask[:, :, None, None] > 0, steps, same)
        start = logits[:, :1, None, :].expand_as(steps[:, :1])
        before = _products(torch.cat([start, steps[:, 1:]], 1), same)[:, :, 0]
        after = _products(steps.flip(1).transpose(2, 3), same).flip(1).transpose(2, 3).logsumexp(3)
        after = torch.cat([after[:, 1:], torch.zeros_like(after[:, :1])], 1)
        return (before + after).log_softmax(-1)


def _products(steps: torch.Tensor, same: torch.Tensor) -> torch.Tensor:
    """At each token the product, in logarithms, of all matrices up to it: (windows, tokens, classes, classes)."""
    length, width = steps.shape[1], 1
    while width < (LONGEST if torch.onnx.is_in_onnx_export() else length):
        earlier = torch.cat([same.expand(steps.shape[0], width, -1, -1), steps], 1)[:, :length]
        steps = _product(earlier, steps)
        width *= 2
    return steps


def _product(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """log(exp(one) @ exp(other)); what is less likely than LEAST, beside the likeliest of row and column, is LEAST."""
    rows, columns = one.amax(-1, keepdim=True), other.amax(-2, keepdim=True)
    found = (one - rows).exp() @ (other - columns).exp()
    return found.clamp(min=LEAST).log() + rows + columns


class Likelihood(Steps):
    """The loss of a chain."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def loss(self, batch: Batch, logits: torch.Tensor) -> torch.Tensor:
        """Minus the log likelihood of each window's classes, whatever those of tokens without one, a token."""
        chain, mask = getattr(self.model, CHAIN), batch.inputs["attention_mask"]
        every = torch.arange(logits.shape[2], device=logits.device)
        given = batch.targets[:, :, None]
        right = logits.masked_fill((given != IGNORED) & (given != every), NEVER)
        unlikely = chain.total(logits, mask) - chain.total(right, mask)
        mean: torch.Tensor = (unlikely * batch.weights).sum() / batch.mass()
        return mean


def attach(model: Any) -> Any:
    """The token classifier with a chain; in evaluation mode its logits are the log probabilities of `marginals`."""
    model.add_module(CHAIN, Chain(int(model.config.num_labels)))
    model.register_forward_hook(_chained, with_kwargs=True)
    return model


def _chained(model: Any, _: tuple[Any, ...], given: dict[str, Any], output: Any) -> Any:
    if not model.training and hasattr(model, CHAIN):
        output.logits = getattr(model, CHAIN).marginals(output.logits.float(), given["attention_mask"])
    return output


def save(model: Any, folder: Path) -> None:
    """Write the classifier as plain transformers has it and, inside of its folder, the chain."""
    (folder / ADAPTER).mkdir(parents=True)
    save_file({"scores": getattr(model, CHAIN).scores.detach().contiguous()}, folder / ADAPTER / WEIGHTS)
    (folder / ADAPTER / METHOD).write_text(json.dumps({"kind": CHAIN}), encoding="utf-8")
    delattr(model, CHAIN)
    model.save_pretrained(folder)
    (folder / "README.md").write_text(README, encoding="utf-8")


def reopened(model: Any, folder: Path, settings: dict[str, Any]) -> Any:
    """The network with the chain that `save` wrote into `folder`.

    Raises:
        WrongUse: the file of weights is not of this network.
    """
    model = attach(model)
    try:
        getattr(model, CHAIN).load_state_dict(load_file(folder / WEIGHTS))
    except RuntimeError as error:
        raise WrongUse(f"{folder / WEIGHTS}: does not fit the model beside it ({error})") from error
    return model
