"""SetFit: contrastive fine-tuning of a sentence encoder on few examples, then a linear head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from pipeline.task import Task
from pipeline.training import Report, Splits
from pipeline.training._settings import Gradient
from pipeline.types import Checkpoint, Device


class Setfit(Gradient):
    """Pull texts of one class together and push others apart, then fit a logistic regression to their embeddings.

    For a few examples a class: `examples_per_class` draws so many from the train split, by `seed`; without it all are
    taken. An embedding is the mean over the tokens of the last layer. Of each batch all pairs are trained: the cosine
    of two texts of one class goes to 1, of others to 0. `epochs` is how often each example is seen; the validation is
    scored once, at the end. `base_model` is best a sentence encoder, built as a BERT or a RoBERTa is. Tunstall et al.
    2022, "Efficient Few-Shot Learning Without Prompts". Other fields: see `Gradient` in `_settings.py`.

    >>> Setfit(examples_per_class=8).epochs
    20
    """

    heads: ClassVar[tuple[str, ...]] = ("sequence",)
    example: ClassVar[Mapping[str, Any]] = {
        "layers": 1,
        "epochs": 2,
        "examples_per_class": 8,
        "batch_tokens": 512,
        "max_length": 64,
    }

    examples_per_class: int | None = Field(default=None, ge=2)
    epochs: int = Field(default=20, ge=1, le=1000)
    learning_rate: float = Field(default=5e-5, gt=0, le=0.1)
    mixup: float = Field(default=0.0, ge=0, le=0)

    def prepared(self, model: Any, head: str) -> Any:
        """The network with the layer that takes the mean."""
        from pipeline.training._embedding import with_mean

        return with_mean(model)

    def fit(self, task: Task, splits: Splits, device: Device, out: Path, report: Report) -> Checkpoint:
        """As `Gradient.fit`; `best_epoch` is 1.

        Raises:
            WrongUse: the task does not give a document one class, a class has no example, or a setting does not fit the
                base model.
        """
        from pipeline.training._few_shot import few, sequence_task
        from pipeline.training._few_shot_pairs import SetFitRun

        task = sequence_task(task, self)
        train = few(splits.train, task, self.examples_per_class, self.seed)
        return SetFitRun(self, task, replace(splits, train=train), device, out, report).checkpoint()
