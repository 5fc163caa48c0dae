"""What the few-shot methods share: few examples of each class, gone through many times, validated once."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.errors import WrongUse
from pipeline.frames import documents_of
from pipeline.task import Task
from pipeline.task._learnable import LearnableTask
from pipeline.training._examples import Examples
from pipeline.training._fit import Run
from pipeline.training._loop import Loop, Progress, Schedule


def sequence_task(task: Task, method: str, plain: bool = False) -> LearnableTask:
    """The task, if it gives a document one class; if `plain`, of a text without words that mark something.

    Raises:
        WrongUse: it does not, or has one class only.
    """
    if not isinstance(task, LearnableTask) or task.head != "sequence" or (plain and task.markers):
        raise WrongUse(
            f"training: {method} gives a document one class, which task {task.name!r} does not ask for; use it with "
            "text_classification, or another method"
        )
    if len(task.classes) < 2:
        raise WrongUse(f"training: {method} tells classes apart, and task.labels has {len(task.classes)}; give more")
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
    """A training whose one epoch goes through the examples `times` times: few examples are not validated each time."""

    times: int = 1

    def _order(self, epoch: int) -> list[list[int]]:
        return [batch for time in range(self.times) for batch in self._once(time)]

    def _once(self, time: int) -> list[list[int]]:
        return super()._order(time)


class FewShot(Run):
    """A fit of a few-shot method: the steps of `Run`, with a loop of its own."""

    loop: type[Often] = Often

    def _validated(self, model: Any, tokenizer: Any, examples: dict[str, Examples]) -> float:
        self.report({"kind": "phase", "phase": "validate"})
        predictions = self._predicted(model, tokenizer, examples["validation"])
        return self.task.headline_value(self.splits.validation, predictions)

    def _untrained(self, model: Any, tokenizer: Any, examples: dict[str, Examples]) -> Progress:
        began = time.monotonic()
        best = self._validated(model, tokenizer, examples)
        return Progress(best=best, seconds=time.monotonic() - began)

    def _trained(self, model: Any, tokenizer: Any, examples: dict[str, Examples]) -> Progress:
        m = self.method
        if m.epochs == 0:
            return self._untrained(model, tokenizer, examples)
        schedule = Schedule(
            epochs=1,
            learning_rate=m.learning_rate,
            embedding_learning_rate_factor=m.embedding_learning_rate_factor,
            batch_tokens=m.batch_tokens,
            warmup=m.warmup,
            weight_decay=m.weight_decay,
            gradient_clipping=m.gradient_clipping,
            resume_every=m.resume_every,
            seed=m.seed,
        )
        self.report({"kind": "phase", "phase": "train"})
        loop = self.loop(
            model,
            examples["train"],
            schedule,
            self.device,
            self.out / "resume" / self._identity(),
            self.report,
            lambda: self._validated(model, tokenizer, examples),
            self.task.headline,
            int(tokenizer.pad_token_id),
        )
        loop.times = int(m.epochs)
        return loop.run()
