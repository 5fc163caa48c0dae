"""Prompt tuning: learnt embeddings before the text, and nothing else of the encoder."""

from __future__ import annotations

from typing import Any, ClassVar

from pipeline.training._virtual import Virtual


class PromptTuning(Virtual):
    """Train the embeddings of `virtual_tokens` that stand before every text; they begin as words drawn by the seed.

    A window has so many tokens less. A classifier of whole texts reads the first virtual token, where it would read
    [CLS], as PEFT has it. The checkpoint is opened by `open_checkpoint` only. Lester et al. 2021, "The Power of Scale
    for Parameter-Efficient Prompt Tuning".

    >>> PromptTuning(virtual_tokens=8).virtual()
    8
    """

    config: ClassVar[str] = "PromptTuningConfig"

    def configured(self) -> dict[str, Any]:
        """Embeddings that begin as those of words."""
        return {"prompt_tuning_init": "SAMPLE_VOCAB"}
