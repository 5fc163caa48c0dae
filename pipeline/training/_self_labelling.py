"""A fit on the annotated training text and on what a teacher is sure of in other text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.errors import WrongUse
from pipeline.frames import to_table
from pipeline.training import _facts
from pipeline.training._examples import Examples, scores_of_documents
from pipeline.training._fit import Run
from pipeline.training._forward import log_probabilities
from pipeline.training._opening import open_checkpoint
from pipeline.types import Document, Span

if TYPE_CHECKING:
    from pipeline.training.self_training import SelfTraining

FILE = "self_labelled.parquet"


class SelfTaught(Run):
    """One fit with a teacher, `splits.models["teacher"]`, and `splits.unlabelled`."""

    method: SelfTraining
    counts: Mapping[str, float]

    def _training(self) -> pa.Table:
        """The training documents and those that the teacher annotated."""
        self.report({"kind": "phase", "phase": "annotate"})
        found = self._annotated()
        table = to_table(found).cast(self.splits.train.schema)
        pq.write_table(table, self.out / FILE)
        return pa.concat_tables([self.splits.train, table])

    def _lost(self, examples: dict[str, Examples]) -> dict[str, float]:
        return {**super()._lost(examples), **self.counts}

    def _annotated(self) -> list[Document]:
        folder, table = self.method.teaching(self.splits), self.splits.unlabelled
        if table is None or not table.num_rows:
            raise WrongUse(
                "self_training: no document of the recipe's corpora came without annotation; add a corpus of such text "
                "to `corpora` (its documents are rejected by `splits` and read here), or take another method"
            )
        facts, (model, tokenizer) = _facts.read(folder), open_checkpoint(folder)
        examples = facts.encoder(tokenizer).encode(table)
        budget, pad = facts.batch_tokens, int(tokenizer.pad_token_id)
        windows = log_probabilities(model.to(self.device.kind), examples, budget, self.device, pad)
        scores = scores_of_documents(examples, windows, facts.task)
        said = facts.task.predicted(examples.documents, examples.units, scores).to_pylist()
        sure = [self._certainty(each) >= self.method.at_least for each in scores]
        found = [self._joining(d, row) for d, row, s in zip(examples.documents, said, sure, strict=True) if s]
        self.counts = {"unlabelled": float(table.num_rows), "self_labelled": float(len(found))}
        return found

    def _certainty(self, scores: NDArray[np.float32]) -> float:
        """Of log probabilities (units, classes): that of the most probable class, where there are units the least."""
        return float(np.exp(scores.max(1).min())) if len(scores) else 1.0

    def _joining(self, document: Document, said: Mapping[str, object]) -> Document:
        spans: object = said.get("spans")
        own = document.spans
        if isinstance(spans, Sequence):
            own = tuple(Span(int(s["start"]), int(s["end"]), str(s["label"])) for s in spans)
        label = said.get("label")
        return replace(
            document,
            spans=own,
            label=document.label if label is None else str(label),
            split="train",
            weight=self.method.weight,
        )
