"""Mixup in embedding space: a batch is mixed with a shuffled copy of itself, inputs and losses alike.

Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization"; on word embeddings Guo et al. 2019, "Augmenting Data
with Mixup for Sentence Classification". The share is drawn from Beta(alpha, alpha) once a batch and is at least a half,
so that every row keeps its own token types and stays the one that it mostly is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from pipeline.training._forward import Batch, logits_of


def mixed_loss(model: Any, batch: Batch, alpha: float) -> torch.Tensor:
    """The loss of a batch mixed with itself; that of the batch as it is where it has one row.

    Draws come from torch's generator of the CPU, which a resume point keeps.
    """
    rows = len(batch.targets)
    concentration = torch.tensor(alpha)
    share = float(torch.distributions.Beta(concentration, concentration).sample())
    share = max(share, 1 - share)
    partner = torch.randperm(rows).to(batch.targets.device)
    if rows == 1:
        return batch.loss(logits_of(model, batch.inputs))
    embedded = model.get_input_embeddings()(batch.inputs["input_ids"])
    mask = batch.inputs["attention_mask"]
    mixed = {
        "inputs_embeds": share * embedded + (1 - share) * embedded[partner],
        "attention_mask": torch.maximum(mask, mask[partner]),
        "token_type_ids": batch.inputs["token_type_ids"],
    }
    logits = logits_of(model, mixed)
    other = replace(batch, targets=batch.targets[partner], weights=batch.weights[partner])
    return share * batch.loss(logits) + (1 - share) * other.loss(logits)
