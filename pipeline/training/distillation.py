"""Distillation: a small model learns what a larger one of the same recipe says, beside the labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from pipeline.errors import WrongUse
from pipeline.task import Task
from pipeline.training import Report, Splits
from pipeline.training._settings import Gradient
from pipeline.types import Checkpoint, Device


class Distillation(Gradient):
    """Train all weights on the labels and on the class probabilities of a teacher (Hinton, Vinyals & Dean 2015).

    `teacher` is another variant of the recipe: its published checkpoint teaches. The loss is (1 - share) × that of the
    labels + share × temperature² × the Kullback-Leibler divergence of the two softened distributions. Both must read
    with the same vocabulary, and `layers` makes the student smaller.

    >>> Distillation(teacher="base", layers=2).temperature
    2.0
    """

    example: ClassVar[Mapping[str, Any]] = {
        "teacher": "base",
        "layers": 1,
        "epochs": 1,
        "batch_tokens": 1024,
        "max_length": 64,
    }

    teacher: str = Field(min_length=1)
    temperature: float = Field(default=2.0, gt=0, le=20)
    share: float = Field(default=0.5, gt=0, le=1)

    def fit(self, task: Task, splits: Splits, device: Device, out: Path, report: Report) -> Checkpoint:
        """As every gradient method; raises WrongUse too where the teacher is missing or reads another vocabulary."""
        from pipeline.task._learnable import LearnableTask
        from pipeline.training._teacher import Taught

        if not isinstance(task, LearnableTask):
            raise WrongUse(f"task {task.name!r} gives no classes to learn")
        return Taught(self, task, splits, device, out, report).checkpoint()
