"""Prefix tuning: learnt keys and values before those of the text, in every layer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from pipeline.training._settings import Gradient


class PrefixTuning(Gradient):
    """Train keys and values of `virtual_tokens` that every layer attends to beside those of the text.

    A window has so many tokens less, for positions are counted from the prefix. `projection`, where given, makes keys
    and values by a two-layer network of that many inner dimensions, which is not kept. The checkpoint is opened by
    `open_checkpoint` only. Li and Liang 2021, "Prefix-Tuning: Optimizing Continuous Prompts for Generation".

    >>> PrefixTuning(virtual_tokens=8).virtual()
    8
    """

    example: ClassVar[Mapping[str, Any]] = {
        "virtual_tokens": 4,
        "layers": 1,
        "epochs": 1,
        "batch_tokens": 1024,
        "max_length": 32,
    }

    learning_rate: float = Field(default=1e-2, gt=0, le=0.1)
    virtual_tokens: int = Field(default=16, ge=1, le=400)
    projection: int | None = Field(default=None, ge=1)

    def virtual(self) -> int:
        """The virtual tokens."""
        return self.virtual_tokens

    def prepared(self, model: Any, head: str) -> Any:
        """The network with a prefix in every layer."""
        from pipeline.training import _network, _peft

        settings = {
            "num_virtual_tokens": self.virtual_tokens,
            "prefix_projection": self.projection is not None,
            "encoder_hidden_size": self.projection,
        }
        always = _network.always_trained(model, self.casing, self.adapt_vocabulary)
        return _peft.prompted(model, "PrefixTuningConfig", always, head, settings)

    def saved(self, model: Any, folder: Path) -> None:
        """Write the network with its head, and the prefix in `adapter/` inside of its folder."""
        from pipeline.training import _peft

        _peft.save_prompted(model, folder)
