"""Prompt tuning: learnt embeddings before the text, and nothing else of the encoder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from pipeline.training._settings import Gradient


class PromptTuning(Gradient):
    """Train the embeddings of `virtual_tokens` that stand before every text; they begin as words drawn by the seed.

    A window has so many tokens less. A classifier of whole texts reads the first virtual token, where it would read
    [CLS], as PEFT has it. The checkpoint is opened by `open_checkpoint` only. Lester et al. 2021, "The Power of Scale
    for Parameter-Efficient Prompt Tuning".

    >>> PromptTuning(virtual_tokens=8).virtual()
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

    def virtual(self) -> int:
        """The virtual tokens."""
        return self.virtual_tokens

    def prepared(self, model: Any, head: str) -> Any:
        """The network with virtual tokens before its text."""
        from pipeline.training import _network, _peft

        settings = {"num_virtual_tokens": self.virtual_tokens, "prompt_tuning_init": "SAMPLE_VOCAB"}
        always = _network.always_trained(model, self.casing, self.adapt_vocabulary)
        return _peft.prompted(model, "PromptTuningConfig", always, head, settings)

    def saved(self, model: Any, folder: Path) -> None:
        """Write the network with its head, and the virtual tokens in `adapter/` inside of its folder."""
        from pipeline.training import _peft

        _peft.save_prompted(model, folder)
