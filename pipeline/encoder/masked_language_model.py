"""Masked language modelling goes on with the recipe's own text (Devlin et al. 2019; Gururangan et al. 2020)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, model_validator

from pipeline.encoder import Pretraining, Texts
from pipeline.training import Report
from pipeline.types import Device


class MaskedLanguageModel(Pretraining):
    """Predict masked words of the training text, with all weights of a base model.

    `mask_share` of the tokens are predicted: of the words drawn eight in ten become the mask, one in ten random tokens,
    one in ten stays. With `whole_words` all pieces of a word are drawn together; Chinese words are rjieba's (extra
    `chinese`). Every epoch draws anew. `adapt_vocabulary`, `layers`, `dropout`, `max_length`, `batch_tokens`, `warmup`
    and `resume_every` mean what they mean in a training. The head is saved with the encoder, so the folder is a masked
    language model (`AutoModelForMaskedLM`), and a base model of every task.

    >>> MaskedLanguageModel(mask_share=0.2).whole_words
    True
    """

    example: ClassVar[Mapping[str, Any]] = {"layers": 1, "epochs": 1, "batch_tokens": 1024, "max_length": 64}

    base_model: str = Field(default="packaged_minilm", min_length=1)
    layers: int | None = Field(default=None, ge=1)
    adapt_vocabulary: bool = False
    mask_share: float = Field(default=0.15, gt=0, le=0.5)
    whole_words: bool = True
    epochs: float = Field(default=1, gt=0, le=1000)
    learning_rate: float = Field(default=1e-4, gt=0, le=0.1)
    embedding_learning_rate_factor: float = Field(default=1.0, ge=0, le=100)
    batch_tokens: int = Field(default=1024, ge=16)
    warmup: float = Field(default=0.1, ge=0, lt=1)
    weight_decay: float = Field(default=0.01, ge=0, le=1)
    gradient_clipping: float = Field(default=1.0, gt=0)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    max_length: int | None = Field(default=None, ge=8)
    seed: int = Field(default=13, ge=0)
    resume_every: int = Field(default=200, ge=0)

    @model_validator(mode="after")
    def _one_window_fits(self) -> MaskedLanguageModel:
        if self.max_length is not None and self.max_length > self.batch_tokens:
            raise ValueError(f"max_length {self.max_length} is more than batch_tokens {self.batch_tokens}")
        return self

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
