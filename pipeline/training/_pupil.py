"""What methods share that learn from another variant of the recipe."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from pipeline.errors import WrongUse
from pipeline.task import Task
from pipeline.training import Report, Splits
from pipeline.training._settings import Gradient
from pipeline.types import Checkpoint, Device

if TYPE_CHECKING:
    from pipeline.training._fit import Run


class Pupil(Gradient):
    """`teacher` is another variant of the recipe, whose published checkpoint teaches."""

    example: ClassVar[Mapping[str, Any]] = {
        "teacher": "base",
        "layers": 1,
        "epochs": 1,
        "batch_tokens": 1024,
        "max_length": 64,
    }

    teacher: str = Field(min_length=1)

    @abstractmethod
    def taught(self) -> type[Run]:
        """The fit in which the teacher has its part."""

    def fit(self, task: Task, splits: Splits, device: Device, out: Path, report: Report) -> Checkpoint:
        """As every gradient method; raises WrongUse too where the teacher is missing or does not fit."""
        from pipeline.task._learnable import LearnableTask

        if not isinstance(task, LearnableTask):
            raise WrongUse(f"task {task.name!r} gives no classes to learn")
        if why := self.unfit(task):
            raise WrongUse(why)
        return self.taught()(self, task, splits, device, out, report).checkpoint()

    def teaching(self, splits: Splits) -> Path:
        """The teacher's model folder. Raises WrongUse where there is none."""
        if "teacher" not in splits.models:
            raise WrongUse(f"teacher: {self.teacher!r} is a variant of a recipe; run it through the recipe")
        return splits.models["teacher"]
