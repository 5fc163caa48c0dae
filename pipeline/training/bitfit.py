"""BitFit: of the encoder, its biases alone are trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from pipeline.training._settings import Gradient


class Bitfit(Gradient):
    """Train the biases of every layer, those of its normalizations too, and the head.

    Ben Zaken et al. 2022, "BitFit: Simple Parameter-efficient Fine-tuning for Transformer-based Masked
    Language-models".

    >>> Bitfit().learning_rate
    0.001
    """

    example: ClassVar[Mapping[str, Any]] = {"layers": 1, "epochs": 1, "batch_tokens": 1024, "max_length": 64}

    learning_rate: float = Field(default=1e-3, gt=0, le=0.1)

    def prepared(self, model: Any, head: str) -> Any:
        """The network with everything frozen but biases and head."""
        from pipeline.training._network import always_trained, freeze

        freeze(model, always_trained(model, self.casing, self.adapt_vocabulary))
        for name, parameter in model.named_parameters():
            if name.endswith(".bias"):
                parameter.requires_grad_(True)
        return model
