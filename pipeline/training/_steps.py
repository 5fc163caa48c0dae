"""What a method does beside the optimizer's steps."""

from __future__ import annotations

import torch

from pipeline.training._forward import Batch


class Steps:
    """Nothing unusual: a method overrides what it does otherwise. `tensors` are what it needs to go on after a kill."""

    def begin(self, steps: int) -> None:
        """Told once how many steps there are, before a state is restored."""

    def loss(self, batch: Batch, logits: torch.Tensor) -> torch.Tensor:
        """What is minimized and reported: the task's own."""
        return batch.loss(logits)

    def penalty(self) -> torch.Tensor:
        """Added to the loss that is minimized, not to the one that is reported."""
        return torch.zeros(())

    def stepped(self, step: int) -> None:
        """After the optimizer's step of this number, from 1, while gradients are still there."""

    def tensors(self) -> dict[str, torch.Tensor]:
        """The state."""
        return {}

    def restore(self, tensors: dict[str, torch.Tensor]) -> None:
        """Put back what `tensors` gave."""
