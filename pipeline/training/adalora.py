"""AdaLoRA: low-rank matrices whose ranks go to the layers where they matter most."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, model_validator

from pipeline.training._settings import Gradient

if TYPE_CHECKING:
    from pipeline.training._steps import Steps


class Adalora(Gradient):
    """Train W + (alpha / initial_rank) P E Q with W frozen, and take away the least important values of E.

    Every matrix begins with `initial_rank` values; at the end there are `rank` of them a matrix on average. The epoch
    that validates best may be one before that. `targets` are as in `lora`; `alpha` is twice the initial rank unless
    given. Zhang et al. 2023, "Adaptive Budget Allocation for Parameter-Efficient Fine-Tuning".

    >>> Adalora(rank=8, initial_rank=8)
    Traceback (most recent call last):
    ...
    pydantic_core._pydantic_core.ValidationError: 1 validation error for Adalora
    ...
    """

    example: ClassVar[Mapping[str, Any]] = {
        "rank": 2,
        "initial_rank": 4,
        "layers": 1,
        "epochs": 2,
        "batch_tokens": 64,
        "max_length": 64,
    }

    learning_rate: float = Field(default=2e-3, gt=0, le=0.1)
    rank: int = Field(default=8, ge=1, le=1024)
    initial_rank: int = Field(default=12, ge=2, le=1024)
    alpha: float | None = Field(default=None, gt=0)
    adapter_dropout: float = Field(default=0.0, ge=0, lt=1)
    targets: tuple[str, ...] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _something_is_taken_away(self) -> Adalora:
        if self.initial_rank <= self.rank:
            raise ValueError(f"initial_rank {self.initial_rank} must be more than rank {self.rank}; or use lora")
        return self

    def prepared(self, model: Any, head: str) -> Any:
        """The network with P, E and Q beside its matrices."""
        from pipeline.training import _network, _peft

        settings = {
            "target_r": self.rank,
            "init_r": self.initial_rank,
            "lora_alpha": self.alpha or 2 * self.initial_rank,
            "lora_dropout": self.adapter_dropout,
            "target_modules": None if self.targets is None else list(self.targets),
            "total_step": 1,  # laid over the true number of steps when the training begins
        }
        always = _network.always_trained(model, self.casing, self.adapt_vocabulary)
        return _peft.wrapped(model, "AdaLoraConfig", always, settings)

    def steps(self, model: Any) -> Steps:
        """Shares out the ranks as the training goes on."""
        from pipeline.training._peft import Allocation

        return Allocation(model)

    def saved(self, model: Any, folder: Path) -> None:
        """Write the merged network, and P, E and Q beside it in `adapter/`."""
        from pipeline.training import _peft

        _peft.save_merged(model, folder)
