"""Prefix tuning: learnt keys and values before those of the text, in every layer."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from pipeline.training._virtual import Virtual


class PrefixTuning(Virtual):
    """Train keys and values of `virtual_tokens` that every layer attends to beside those of the text.

    A window has so many tokens less, for positions are counted from the prefix. `projection`, where given, makes keys
    and values by a two-layer network of that many inner dimensions, which is not kept. The checkpoint is opened by
    `open_checkpoint` only. Li and Liang 2021, "Prefix-Tuning: Optimizing Continuous Prompts for Generation".

    >>> PrefixTuning(virtual_tokens=8).virtual()
    8
    """

    config: ClassVar[str] = "PrefixTuningConfig"

    projection: int | None = Field(default=None, ge=1)

    def configured(self) -> dict[str, Any]:
        """A prefix in every layer, made by a network where there is a projection."""
        return {"prefix_projection": self.projection is not None, "encoder_hidden_size": self.projection}
