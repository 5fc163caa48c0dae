"""Checkpoints of a second's training, with the documents that they were tested on: one that marks, one that labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipeline.frames import documents_of, to_table
from pipeline.task._learnable import LearnableTask
from pipeline.task.ner import Ner
from pipeline.task.text_classification import TextClassification
from pipeline.training import Splits
from pipeline.training._settings import Gradient
from pipeline.training.full import Full
from pipeline.types import Document, Span
from tests.tiny_training import CPU, sentences, splits, tiny_bert

NER = Ner(labels=("PER", "LOC"))
CLASSES = TextClassification(labels=("good", "bad"))
SETTINGS: dict[str, Any] = {"epochs": 8, "learning_rate": 1e-2, "batch_tokens": 128, "max_length": 32}


@dataclass(frozen=True)
class Trained:
    """A folder as a checkpoint's version is: `model/` and `predictions.parquet` of `test`."""

    folder: Path
    test: list[Document]

    @property
    def model(self) -> Path:
        return self.folder / "model"

    def predicted(self) -> list[dict[str, Any]]:
        """What the training predicted of its test, without what is about the test."""
        rows = pq.read_table(self.folder / "predictions.parquet").to_pylist()
        return [{k: v for k, v in row.items() if k != "repairs"} for row in rows]


def trained(folder: Path, task: LearnableTask, method: type[Gradient] = Full) -> Trained:
    """Train one; its test holds a text of several windows, an empty one, and one with the source's own tokens."""
    base = tiny_bert(folder / "base")
    long = " ".join(d.text for d in sentences("l", 16))
    odd = [
        Document("long", long, group_id="long", spans=(Span(0, 4, "PER"),), label="good"),
        Document("empty", "", group_id="empty", spans=(), label="bad"),
        Document("own", "Bo, then Anna", group_id="own", spans=(), label="bad", tokens=((0, 3), (4, 8), (9, 13))),
    ]
    plain = splits()
    data = Splits(plain.train, plain.validation, to_table([*documents_of(plain.test), *odd]), "d")
    out = folder / "out"
    out.mkdir()
    method(base_model=str(base), adapt_vocabulary=True, casing=True, layers=1, **SETTINGS).fit(
        task, data, CPU, out, lambda _: None
    )
    return Trained(out, list(documents_of(data.test)))
