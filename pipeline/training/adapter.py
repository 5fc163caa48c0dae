"""Bottleneck adapters: small layers between those of the encoder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from pipeline.training._settings import Gradient


class Adapter(Gradient):
    """Train layers of width / `reduction` dimensions put into every layer of the encoder, which is frozen.

    `houlsby` puts two into a layer, after attention and after the feed-forward network, each before the residual sum;
    `pfeiffer` one, after the normalized sum of the second. For base models that are built as a BERT is. The checkpoint
    is opened by `open_checkpoint` only. Houlsby et al. 2019; Pfeiffer et al. 2021: see `_adapters.py`.

    >>> Adapter(kind="houlsby").reduction
    8
    """

    example: ClassVar[Mapping[str, Any]] = {
        "reduction": 4,
        "layers": 1,
        "epochs": 1,
        "batch_tokens": 1024,
        "max_length": 64,
    }

    learning_rate: float = Field(default=1e-3, gt=0, le=0.1)
    kind: Literal["houlsby", "pfeiffer"] = "pfeiffer"
    reduction: int = Field(default=8, ge=1, le=1024)

    def prepared(self, model: Any, head: str) -> Any:
        """The network with adapters in its layers."""
        from pipeline.training import _adapters, _network

        _network.freeze(model, _network.always_trained(model, self.casing, self.adapt_vocabulary))
        return _adapters.attach(model, self.kind, self.reduction)

    def saved(self, model: Any, folder: Path) -> None:
        """Write the network with its head, and the adapters in `adapter/` inside of its folder."""
        from pipeline.training import _adapters

        _adapters.save(model, folder, self.kind, self.reduction)
