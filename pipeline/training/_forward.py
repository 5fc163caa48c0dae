"""From windows to tensors to log probabilities: one pass through the network, in training and in prediction."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from pipeline.training._batches import batches
from pipeline.training._examples import IGNORED, Examples, Window
from pipeline.types import Device

STEP = 4  # lengths are rounded up to this: every new shape costs a CPU kernel of its own under bf16
_NEVER = -1e4  # a score of padding: in float32 no probability is left of it
PREDICT_BUDGET = 4  # prediction keeps no gradients: batches of this many times the training's tokens


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of one step; `tokens` counts what is not padding."""

    inputs: dict[str, torch.Tensor]
    targets: torch.Tensor
    weights: torch.Tensor
    tokens: int
    head: str = "token"

    def loss(self, logits: torch.Tensor) -> torch.Tensor:
        """Mean cross entropy over what has a class, each weighted by its document's weight; of several labels the
        binary one, over each label."""
        if self.head == "multi_label":
            each = nn.functional.binary_cross_entropy_with_logits(logits, self.targets.float(), reduction="none")
            return self.mean(each.mean(1))
        flat = nn.functional.cross_entropy(
            logits.flatten(0, -2), self.targets.flatten(), ignore_index=IGNORED, reduction="none"
        )
        return self.mean(flat.view_as(self.targets))

    def mean(self, each: torch.Tensor) -> torch.Tensor:
        """The mean of one number a target, or a window where there are several labels, by its document's weight."""
        if self.head == "multi_label":
            return (each * self.weights).sum() / self.mass()
        return (each * self.weights[:, None] * (self.targets != IGNORED)).sum() / self.mass()

    def mass(self) -> torch.Tensor:
        """What the loss is divided by: the weights of all that has a class."""
        if self.head == "multi_label":
            return self.weights.sum().clamp(min=1e-9)
        return (self.weights[:, None] * (self.targets != IGNORED)).sum().clamp(min=1e-9)


def collate(windows: Sequence[Window], head: str, pad: int, device: str, at_least: int = 0) -> Batch:
    """Windows as one batch, padded to the longest of them, and to `at_least` tokens."""
    longest = max(at_least, rounded_up(max(len(w.ids) for w in windows)))
    width = longest if head == "token" else max(len(w.targets) for w in windows)
    ids = np.full((len(windows), longest), pad, np.int64)
    types, mask = np.zeros_like(ids), np.zeros_like(ids)
    targets = np.full((len(windows), width), IGNORED, np.int64)
    for row, w in enumerate(windows):
        ids[row, : len(w.ids)], types[row, : len(w.ids)], mask[row, : len(w.ids)] = w.ids, w.types, 1
        targets[row, : len(w.targets)] = w.targets
    inputs = {"input_ids": ids, "token_type_ids": types, "attention_mask": mask}
    return Batch(
        {name: torch.from_numpy(value).to(device) for name, value in inputs.items()},
        torch.from_numpy(targets).to(device),
        torch.tensor([w.weight for w in windows], dtype=torch.float32, device=device),
        int(mask.sum()),
        head,
    )


def logits_of(model: Any, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """What the head says, float32: (windows, tokens, classes) or (windows, classes); of spans (windows, 2, tokens).

    The two rows of a span are the first and the last token's scores; padding cannot be either.
    """
    output = model(**inputs)
    if "start_logits" not in output:
        logits: torch.Tensor = output.logits.float()
        return logits
    both = torch.stack([output.start_logits, output.end_logits], 1).float()
    return both.masked_fill(inputs["attention_mask"][:, None] == 0, _NEVER)


def rounded(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Lengths as they cost: each rounded up."""
    return np.array([rounded_up(int(n)) for n in lengths], np.int64)


def rounded_up(length: int) -> int:
    """The next multiple of STEP, but not beyond what a model of 512 positions reads."""
    return max(length, min(-(-length // STEP) * STEP, 512))


def log_probabilities(
    model: Any, examples: Examples, budget: int, device: Device, pad: int
) -> list[NDArray[np.float32]]:
    """Natural-log probabilities of every window, in the order of the windows.

    (length, classes) or (1, classes); of a span (2, length): how probable each token is as the first and as the last.
    """
    found: list[NDArray[np.float32]] = [np.zeros((0, 0), np.float32)] * len(examples.windows)
    model.eval()
    for indices in batches(rounded(examples.lengths), budget * PREDICT_BUDGET):
        batch = collate([examples.windows[i] for i in indices], examples.head, pad, device.kind)
        with torch.inference_mode(), autocast(device):
            logits = logits_of(model, batch.inputs)
        several = examples.head == "multi_label"
        scores = (nn.functional.logsigmoid(logits) if several else logits.log_softmax(-1)).cpu().numpy()
        for row, i in enumerate(indices):
            length = len(examples.windows[i].ids)
            if examples.head == "span":
                found[i] = scores[row, :, :length]
            else:
                found[i] = scores[row, :length] if examples.head == "token" else scores[row : row + 1]
    return found


def attend(model: Any, implementation: str) -> None:
    """Choose how attention is computed. Training on CPU is "eager": on texts of 20 to 200 tokens a step of three MiniLM
    layers took a third less time than with "sdpa" (bf16, two cores). Prediction is "sdpa", as plain transformers opens
    the checkpoint."""
    if hasattr(model, "set_attn_implementation"):
        model.set_attn_implementation(implementation)


@contextlib.contextmanager
def autocast(device: Device) -> Iterator[None]:
    """bf16 arithmetic where the device's precision says so; weights stay fp32."""
    if device.precision == "bf16":
        with torch.autocast(device.kind, dtype=torch.bfloat16):
            yield
    else:
        yield
