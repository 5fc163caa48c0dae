"""LoRA: matrices of low rank beside those of the encoder, merged into them when the training is done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from pipeline.training._settings import Gradient


class Lora(Gradient):
    """Train W + (alpha / rank) B A with W frozen, B and A of `rank`, in the layers whose names end as `targets` say.

    Without `targets` these are PEFT's choice for the architecture: of a BERT, `query` and `value`. `alpha` is twice the
    rank unless given. `adapter_dropout` is of the input of A. Hu et al. 2022, "LoRA: Low-Rank Adaptation of Large
    Language Models".

    >>> Lora(rank=4).targets is None
    True
    """

    example: ClassVar[Mapping[str, Any]] = {
        "rank": 4,
        "layers": 1,
        "epochs": 1,
        "batch_tokens": 1024,
        "max_length": 64,
    }

    learning_rate: float = Field(default=1e-3, gt=0, le=0.1)
    rank: int = Field(default=16, ge=1, le=1024)
    alpha: float | None = Field(default=None, gt=0)
    adapter_dropout: float = Field(default=0.0, ge=0, lt=1)
    targets: tuple[str, ...] | None = Field(default=None, min_length=1)

    def prepared(self, model: Any, head: str) -> Any:
        """The network with A and B beside its matrices."""
        from pipeline.training import _network, _peft

        settings = {
            "r": self.rank,
            "lora_alpha": self.alpha or 2 * self.rank,
            "lora_dropout": self.adapter_dropout,
            "target_modules": None if self.targets is None else list(self.targets),
        }
        always = _network.always_trained(model, self.casing, self.adapt_vocabulary)
        return _peft.wrapped(model, "LoraConfig", always, settings)

    def saved(self, model: Any, folder: Path) -> None:
        """Write the merged network, and A and B beside it in `adapter/`."""
        from pipeline.training import _peft

        _peft.save_merged(model, folder)
