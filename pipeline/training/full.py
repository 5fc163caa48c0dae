"""Full fine-tuning: every weight of a base model is trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, model_validator

from pipeline.errors import WrongUse
from pipeline.task import Task
from pipeline.training import Report, Splits, Training
from pipeline.types import Checkpoint, Device


class Full(Training):
    """Train all weights of a base model with AdamW, and keep the epoch that validates best.

    `base_model` is `packaged_minilm`, a folder that `save_pretrained` wrote, or a hub id. `layers` keeps the first so
    many layers. `adapt_vocabulary` replaces the word embeddings by one row a character of the training text. `casing`
    gives each token a type by its word: lower, Capitalised, ALL CAPS; for a base model that lowercases. `batch_tokens`
    bounds the tokens of a batch, padding included. `mixup` above 0 mixes every batch with a shuffled copy of itself, in
    embedding space, by a share of Beta(mixup, mixup). `warmup` is a share of the steps. `max_length` is in tokens,
    special ones included; longer texts go through overlapping windows. `resume_every` is in steps; 0: when an epoch
    ends only.

    >>> Full(learning_rate=3.0)
    Traceback (most recent call last):
    ...
    pydantic_core._pydantic_core.ValidationError: 1 validation error for Full
    ...
    """

    example: ClassVar[Mapping[str, Any]] = {"layers": 1, "epochs": 1, "batch_tokens": 1024, "max_length": 64}

    base_model: str = Field(default="packaged_minilm", min_length=1)
    layers: int | None = Field(default=None, ge=1)
    adapt_vocabulary: bool = False
    casing: bool = False
    epochs: float = Field(default=3, gt=0, le=1000)
    learning_rate: float = Field(default=1e-4, gt=0, le=0.1)
    embedding_learning_rate_factor: float = Field(default=1.0, ge=0, le=100)
    batch_tokens: int = Field(default=1024, ge=16)
    warmup: float = Field(default=0.1, ge=0, lt=1)
    weight_decay: float = Field(default=0.01, ge=0, le=1)
    gradient_clipping: float = Field(default=1.0, gt=0)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    mixup: float = Field(default=0.0, ge=0, le=10)
    max_length: int | None = Field(default=None, ge=8)
    seed: int = Field(default=13, ge=0)
    resume_every: int = Field(default=200, ge=0)

    @model_validator(mode="after")
    def _one_window_fits(self) -> Full:
        if self.max_length is not None and self.max_length > self.batch_tokens:
            raise ValueError(f"max_length {self.max_length} is more than batch_tokens {self.batch_tokens}")
        return self

    def fit(self, task: Task, splits: Splits, device: Device, out: Path, report: Report) -> Checkpoint:
        """Write `model/`, `predictions.parquet`, `evaluation.json` and `loss.json` into `out`.

        A fit into a folder with a `resume/` of the same settings, code and data goes on from there; the folder goes
        when the fit is done. metrics are the task's numbers of the test and `seconds` (wall time of training and
        validation), `real_tokens_per_second` (training tokens without padding), `peak_memory_mib`, `parameters`,
        `trainable_parameters`, `best_epoch`, `lost_spans` (annotated spans of all splits whose edges no token of this
        tokenizer has).

        Raises:
            WrongUse: the task cannot be learned by a classifier, or a setting does not fit the base model.
            BaseModelError: the base model cannot be opened.
            BaseModelChanged: the packaged weights have another digest.
            DeviceUnavailable: `requires` names a device that this machine does not have.
        """
        from pipeline.task._learnable import LearnableTask
        from pipeline.training._fit import Run

        if not isinstance(task, LearnableTask):
            raise WrongUse(f"task {task.name!r} gives no classes to learn; use ner or text_classification")
        return Run(self, task, splits, device, out, report).checkpoint()
