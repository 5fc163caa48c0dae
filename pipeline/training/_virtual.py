"""What methods share that put virtual tokens before a text."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from pipeline.training._settings import Gradient


class Virtual(Gradient):
    """A method of PEFT that trains `virtual_tokens`: a window has so many tokens less, and they are kept apart."""

    example: ClassVar[Mapping[str, Any]] = {
        "virtual_tokens": 4,
        "layers": 1,
        "epochs": 1,
        "batch_tokens": 1024,
        "max_length": 32,
    }
    config: ClassVar[str]  # the class of PEFT that describes it

    learning_rate: float = Field(default=1e-2, gt=0, le=0.1)
    virtual_tokens: int = Field(default=16, ge=1, le=400)

    @abstractmethod
    def configured(self) -> dict[str, Any]:
        """Fields of PEFT's class beside the number of virtual tokens."""

    def virtual(self) -> int:
        """The virtual tokens."""
        return self.virtual_tokens

    def prepared(self, model: Any, head: str) -> Any:
        """The network with virtual tokens."""
        from pipeline.training import _network, _peft

        settings = {"num_virtual_tokens": self.virtual_tokens, **self.configured()}
        always = _network.always_trained(model, self.casing, self.adapt_vocabulary)
        return _peft.prompted(model, self.config, always, head, settings)

    def saved(self, model: Any, folder: Path) -> None:
        """Write the network with its head, and what was trained in `adapter/` inside of its folder."""
        from pipeline.training import _peft

        _peft.save_prompted(model, folder)
