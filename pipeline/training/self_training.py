"""Self-training: what another variant is sure of in text without annotation becomes training text."""

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


class SelfTraining(Gradient):
    """Train all weights on the annotated text and on texts that a teacher annotated (Yarowsky 1995; Lee 2013).

    `teacher` is another variant of the recipe: its published checkpoint annotates the documents of the recipe's corpora
    that came without annotation. Those of which its certainty is `at_least` join the training documents, each with
    `weight`. Certainty is the probability of the document's class, for entities that of the least certain word's.

    >>> SelfTraining(teacher="base").at_least
    0.9
    """

    example: ClassVar[Mapping[str, Any]] = {
        "teacher": "base",
        "layers": 1,
        "epochs": 1,
        "batch_tokens": 1024,
        "max_length": 64,
    }
    heads: ClassVar[tuple[str, ...]] = ("token", "sequence")
    unlabelled: ClassVar[bool] = True

    teacher: str = Field(min_length=1)
    at_least: float = Field(default=0.9, ge=0, le=1)
    weight: float = Field(default=1.0, gt=0, le=1)

    def fit(self, task: Task, splits: Splits, device: Device, out: Path, report: Report) -> Checkpoint:
        """As every gradient method, and `self_labelled.parquet` in `out`: the documents that joined, as annotated.

        metrics are those of every gradient method and `unlabelled`, `self_labelled`: documents read and joined.

        Raises:
            WrongUse: as every gradient method; there is no teacher, or no document without annotation.
        """
        from pipeline.task._learnable import LearnableTask
        from pipeline.training._self_labelling import SelfTaught

        if not isinstance(task, LearnableTask):
            raise WrongUse(f"task {task.name!r} gives no classes to learn")
        if why := self.unfit(task):
            raise WrongUse(why)
        return SelfTaught(self, task, splits, device, out, report).checkpoint()
