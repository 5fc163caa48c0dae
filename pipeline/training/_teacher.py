"""A fit in which another checkpoint teaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from pipeline.errors import WrongUse
from pipeline.training._fit import Run
from pipeline.training._forward import Batch, autocast, logits_of
from pipeline.training._opening import open_checkpoint
from pipeline.training._steps import Steps

if TYPE_CHECKING:
    from pipeline.training.distillation import Distillation
    from pipeline.types import Device


class Taught(Run):
    """One fit with a teacher, `splits.models["teacher"]`."""

    method: Distillation

    def _beside(self, model: Any, tokenizer: Any) -> Steps:
        teacher, its = open_checkpoint(self.method.teaching(self.splits))
        if its.get_vocab() != tokenizer.get_vocab():
            raise WrongUse(
                f"teacher: {self.method.teacher!r} reads another vocabulary than this variant; give both the same "
                "base_model, adapt_vocabulary and augmentation"
            )
        kinds = [getattr(m.config, "type_vocab_size", 0) for m in (teacher, model)]
        if kinds[0] != kinds[1]:
            raise WrongUse(
                f"teacher: {self.method.teacher!r} differs from this variant in `casing`; give both the same"
            )
        return Teacher(teacher.to(self.device.kind), self.device, self.method.temperature, self.method.share)


class Teacher(Steps):
    """Mixes what a teacher says of a batch into its loss."""

    def __init__(self, model: Any, device: Device, temperature: float, share: float) -> None:
        self.model, self.device, self.temperature, self.share = model, device, temperature, share

    def loss(self, batch: Batch, logits: torch.Tensor) -> torch.Tensor:
        """(1 - share) loss + share T² KL(teacher ‖ student), both at temperature T."""
        with torch.no_grad(), autocast(self.device):
            taught = logits_of(self.model, batch.inputs)
        t = self.temperature
        if batch.head == "multi_label":
            soft, right = logits / t, (taught / t).sigmoid()
            each = nn.functional.binary_cross_entropy_with_logits(soft, right, reduction="none").mean(1)
        else:
            soft, right = (logits / t).log_softmax(-1), (taught / t).log_softmax(-1)
            each = nn.functional.kl_div(soft, right, reduction="none", log_target=True).sum(-1)
            each = each[:, None] if each.ndim == 1 else each
        return (1 - self.share) * batch.loss(logits) + self.share * t * t * batch.mean(each)
