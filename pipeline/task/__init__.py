"""Tasks: what a model is asked for. One file, one class.

A task knows which documents it can use (`accept`), how a tokenizer's output and the spans or the label meet (`encode`,
`decode`), and how predictions are scored (`evaluate`). Importing a task imports no torch.

Contract, held by tests/test_contracts.py: `accept` rejects a document without the annotation the task needs or with a
label it does not know ("did you mean"), and what it accepted it accepts again as it is; `evaluate` on perfect
predictions gives 1.0 in its headline metric. docs/tasks.md shows what a record of each task looks like.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
from pydantic import Field

from pipeline.part import Part
from pipeline.types import Document, Json, Rejected


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Numbers (`metrics`, flat) and tables (`tables`: title → rows) of one set of predictions.

    `errors` are the worst ones with their text, which is data: they lie in a file of their own, `errors.jsonl`.
    """

    metrics: Mapping[str, float]
    tables: Mapping[str, Sequence[Mapping[str, Json]]]
    errors: Sequence[Mapping[str, Json]] = ()


class Task(Part):
    """What a model is asked for. `headline` names the metric that a release maximises.

    `mentions` says whether spans are mentions of things: then one may stand in another's place. Where they say which
    part of a text is what (a question, the first of two texts), nothing may.
    """

    headline: ClassVar[str]
    mentions: ClassVar[bool] = True

    labels: tuple[str, ...] = Field(min_length=1)

    @abstractmethod
    def accept(self, doc: Document) -> Document | Rejected:
        """The document if it is annotated as this task needs, else rejected with the reason."""

    @abstractmethod
    def evaluate(self, test: pa.Table, predictions: pa.Table, train: pa.Table) -> Evaluation:
        """Score predictions (one row a test document, same order). `train` gives seen mentions and the baseline."""


BASE = Task
