"""IA3: one learnt factor a dimension of keys, values and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, model_validator

from pipeline.training._settings import Gradient


class Ia3(Gradient):
    """Train a vector of factors for each of the layers whose names end as `targets` say, with the rest frozen.

    Those also named in `feedforward` have their input multiplied, the others their output. Without either they are
    PEFT's choice for the architecture: of a BERT, `key`, `value` and `output.dense`, the last by its input. Liu et al.
    2022, "Few-Shot Parameter-Efficient Fine-Tuning is Better and Cheaper than In-Context Learning".

    >>> Ia3(targets=("key", "value")).feedforward
    ()
    """

    example: ClassVar[Mapping[str, Any]] = {"layers": 1, "epochs": 1, "batch_tokens": 1024, "max_length": 64}

    learning_rate: float = Field(default=5e-3, gt=0, le=0.1)
    targets: tuple[str, ...] | None = Field(default=None, min_length=1)
    feedforward: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _feedforward_are_targets(self) -> Ia3:
        strange = [name for name in self.feedforward if name not in (self.targets or ())]
        if strange:
            raise ValueError(f"feedforward {strange} must be among targets {list(self.targets or ())}")
        return self

    def prepared(self, model: Any, head: str) -> Any:
        """The network with factors beside its matrices."""
        from pipeline.training import _network, _peft

        settings: dict[str, Any] = {}
        if self.targets is not None:
            settings = {"target_modules": list(self.targets), "feedforward_modules": list(self.feedforward)}
        always = _network.always_trained(model, self.casing, self.adapt_vocabulary)
        return _peft.wrapped(model, "IA3Config", always, settings)

    def saved(self, model: Any, folder: Path) -> None:
        """Write the merged network, and the factors beside it in `adapter/`."""
        from pipeline.training import _peft

        _peft.save_merged(model, folder)
