"""Masked language modelling goes on with the recipe's own text (Devlin et al. 2019; Gururangan et al. 2020)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from pipeline.encoder import Pretraining, Texts
from pipeline.training import Report
from pipeline.training._settings import Optimized
from pipeline.types import Device


class MaskedLanguageModel(Optimized, Pretraining):
    """Predict masked words of the training text, with all weights of a base model.

    `mask_share` of the tokens are predicted: of the words drawn eight in ten become the mask, one in ten random tokens,
    one in ten stays. With `whole_words` all pieces of a word are drawn together; Chinese words are rjieba's. Every
    epoch draws anew. The other fields are those of a training (`Optimized` in `pipeline/training/_settings.py`). The
    head is saved with the encoder, so the folder is a masked language model (`AutoModelForMaskedLM`), and a base model
    of every task.

    >>> MaskedLanguageModel(mask_share=0.2).whole_words
    True
    """

    example: ClassVar[Mapping[str, Any]] = {"layers": 1, "epochs": 1, "batch_tokens": 1024, "max_length": 64}

    mask_share: float = Field(default=0.15, gt=0, le=0.5)
    whole_words: bool = True
    epochs: float = Field(default=1, gt=0, le=1000)

    def fit(self, texts: Texts, device: Device, out: Path, report: Report) -> Mapping[str, float]:
        """Write `model/` and `loss.json` into `out`.

        The metrics are `mask_likelihood_before` and `mask_likelihood` (geometric mean of the probability that the model
        gives the right token at the masked places of the validation texts; its inverse is the perplexity), `seconds`,
        `real_tokens_per_second`, `peak_memory_mib`, `parameters`.

        Raises:
            WrongUse: there is no text, or a setting does not fit the base model.
            BaseModelError: the base model cannot be opened.
        """
        from pipeline.encoder._masked import Run

        return Run(self, texts, device, out, report).metrics()
