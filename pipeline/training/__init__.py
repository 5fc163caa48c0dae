"""Fine-tuning methods: one file, one class, one verb: `fit(task, splits, device, out, report) -> Checkpoint`.

Contract, held by tests/test_contracts.py: the folder `out/model` opens with plain `transformers` and gives the same
logits; the same seed on CPU gives the same weights; `out/predictions.parquet` has one row a test document; a fit that
was killed goes on from its last resume point in `out/resume` and ends with the same weights. torch is imported by
methods only.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from pipeline.part import Part
from pipeline.task import Task
from pipeline.task._learnable import LearnableTask
from pipeline.types import Checkpoint, Device, Json

Report = Callable[[Mapping[str, Json]], None]


@dataclass(frozen=True, slots=True)
class Splits:
    """The three tables of a recipe, each of the schema DOCUMENTS, and the digest of what they were read from.

    `copies` are further documents to predict, by name: the test documents `noised`, `counterfactual` ones with names
    or terms of other groups. `models` are folders of models that the recipe itself made: its `encoder`, the `teacher`
    of a distillation. `unlabelled` are documents without annotation, for a method that reads such.
    """

    train: pa.Table
    validation: pa.Table
    test: pa.Table
    digest: str
    copies: Mapping[str, pa.Table] = field(default_factory=dict, hash=False)
    models: Mapping[str, Path] = field(default_factory=dict, hash=False)
    unlabelled: pa.Table | None = None


class Training(Part):
    """A way to fit a model to a task."""

    heads: ClassVar[tuple[str, ...]] = ("token", "sequence", "multi_label", "span")  # of the tasks that it can learn
    unlabelled: ClassVar[bool] = False  # reads documents without annotation too
    plain: ClassVar[bool] = False  # reads one text as it stands: not two texts, nor words put in to mark something
    requires: str | None = None  # "gpu": refuse to run without one

    def unfit(self, task: Task) -> str:
        """Why this method cannot learn a task; empty where it can.

        >>> from pipeline.task.ner import Ner
        >>> from pipeline.training.setfit import Setfit
        >>> Setfit().unfit(Ner(labels=("PER",)))
        'setfit learns tasks of the kind sequence, and ner is of the kind token; take another method'
        """
        if not isinstance(task, LearnableTask):
            return ""
        if task.head not in self.heads:
            why = f"learns tasks of the kind {' or '.join(self.heads)}, and {task.name} is of the kind {task.head}"
        elif self.plain and (task.pair or task.markers):
            what = "gives it two texts" if task.pair else f"puts {' and '.join(task.markers)} around what is meant"
            why = f"reads one text as it stands, and {task.name} {what}"
        else:
            return ""
        return f"{self.name} {why}; take another method"

    @abstractmethod
    def fit(self, task: Task, splits: Splits, device: Device, out: Path, report: Report) -> Checkpoint:
        """Train on `splits.train`, choose by `splits.validation`, predict `splits.test`, write all of it to `out`."""


BASE = Training
