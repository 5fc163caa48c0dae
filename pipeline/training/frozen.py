"""A frozen encoder with a head: only what stands after the encoder is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from pipeline.training._settings import Gradient


class Frozen(Gradient):
    """Train the head alone: what the base model knows of the task already, and the cheapest step that there is.

    With `casing` or `adapt_vocabulary` the embeddings that they make new are trained too.

    >>> Frozen().learning_rate
    0.003
    """

    example: ClassVar[Mapping[str, Any]] = {"layers": 1, "epochs": 1, "batch_tokens": 1024, "max_length": 64}

    learning_rate: float = Field(default=3e-3, gt=0, le=0.1)

    def prepared(self, model: Any, head: str) -> Any:
        """The network with a frozen encoder."""
        from pipeline.training._network import always_trained, freeze

        freeze(model, always_trained(model, self.casing, self.adapt_vocabulary))
        return model
