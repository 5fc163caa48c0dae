"""What the few-shot methods share: few examples of each class, gone through many times, validated once."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.errors import WrongUse
from pipeline.frames import documents_of
from pipeline.task import Task
from pipeline.task._learnable import LearnableTask
from pipeline.training import Training
from pipeline.training._examples import Examples
from pipeline.training._fit import Run
from pipeline.training._loop import Loop, Progress


def sequence_task(task: Task, method: Training) -> LearnableTask:
    """The task, if the method can learn it and it has two classes or more.

    Raises:
        WrongUse: it cannot, or it has not.
    """
    if not isinstance(task, LearnableTask):
        raise WrongUse(f"training: task {task.name!r} gives no classes to learn")
    if why := method.unfit(task):
        raise WrongUse(f"training: {why}")
    if len(task.classes) < 2:
        raise WrongUse(f"training: {method.name} tells classes apart; task.labels has {len(task.classes)}; give more")
    return task


def few(table: pa.Table, task: LearnableTask, a_class: int | None, seed: int) -> pa.Table:
    """At most so many documents of each class, drawn by the seed, in the table's order; None: all of them.

    Raises:
        WrongUse: a class has no document.
    """
    classes = np.array([task.targets(doc, [])[0] for doc in documents_of(table)])
    for number, name in enumerate(task.classes):
        if not (classes == number).any():
            raise WrongUse(f"the train split holds no document of {name!r}: few examples of each class are learnt from")
    if a_class is None:
        return table
    shuffled = np.random.default_rng(seed).permutation(len(classes))
    taken = [shuffled[classes[shuffled] == number][:a_class] for number in range(len(task.classes))]
    return table.take(np.sort(np.concatenate(taken)))


class Often(Loop):
    """A training whose epochs are one to its loop: few examples are not validated each time they were gone through."""

    def run(self) -> Progress:
        """Train as `Loop` does."""
        self.times, self.schedule = int(self.schedule.epochs), replace(self.schedule, epochs=1)
        return super().run()

    def _order(self, epoch: int) -> list[list[int]]:
        return [batch for time in range(self.times) for batch in self._once(time)]

    def _once(self, time: int) -> list[list[int]]:
        return super()._order(time)


class FewShot(Run):
    """A fit of a few-shot method: the steps of `Run`, with a loop of its own."""

    loop: type[Often] = Often

    def _untrained(self, model: Any, tokenizer: Any, examples: dict[str, Examples]) -> Progress:
        began = time.monotonic()
        best = self._validated(model, tokenizer, examples)
        return Progress(best=best, seconds=time.monotonic() - began)

    def _trained(self, model: Any, tokenizer: Any, examples: dict[str, Examples]) -> Progress:
        if self.method.epochs == 0:
            return self._untrained(model, tokenizer, examples)
        return super()._trained(model, tokenizer, examples)
