"""Cleaning steps: one file, one class, one verb: `__call__(doc) -> Document | Rejected`.

Contract, held by tests/test_contracts.py for every file in this folder:

- Text changes only through `doc.edited(edits)`: spans and tokens travel with it.
- A step applied twice equals once. What the step makes of a span's text alone is the span's text afterwards.
- `touches(text)` is a vectorised test (a Polars expression) that is true at least for every row the step would change
  or reject; rows where it is false are passed through untouched, whole columns at a time.

Template (pipeline/cleaning/drop_soft_hyphen.py):

    class DropSoftHyphen(CleaningStep):
        def touches(self, text: pl.Expr) -> pl.Expr:
            return text.str.contains("\\u00ad", literal=True)

        def __call__(self, doc: Document) -> Document | Rejected:
            return doc.edited([Edit(i, i + 1, "") for i, c in enumerate(doc.text) if c == "\\u00ad"])
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.frames import documents_of, rejected_batch, to_batch
from pipeline.part import Part
from pipeline.types import Document, Rejected

if TYPE_CHECKING:
    import polars as pl


class CleaningStep(Part):
    """One change of text, or one reason to drop a document."""

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Which rows the step might change or reject; all of them unless a step knows better."""
        return text.is_not_null()

    @abstractmethod
    def __call__(self, doc: Document) -> Document | Rejected:
        """The document, changed, unchanged, or rejected with a reason."""


BASE = CleaningStep


def apply(step: CleaningStep, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """One step over one batch: (kept, rejected); only the rows that the step touches become Python objects."""
    import polars as pl

    text = pl.DataFrame({"text": pl.from_arrow(batch.column("text"))})
    touched = [i for i, hit in enumerate(text.select(step.touches(pl.col("text"))).to_series()) if hit]
    if not touched:
        return batch, rejected_batch([])
    kept: dict[int, Document] = {}
    dropped: dict[int, Rejected] = {}
    for i, document in zip(touched, documents_of(batch.take(pa.array(touched))), strict=True):
        result = step(document)
        if isinstance(result, Rejected):
            dropped[i] = replace(result, document=document, step=result.step or step.name)
        elif result is not document:
            kept[i] = result
    return _merged(batch, kept, set(dropped)), rejected_batch(dropped.values())


def _merged(batch: pa.RecordBatch, changed: dict[int, Document], dropped: set[int]) -> pa.RecordBatch:
    if not changed and not dropped:
        return batch
    rows = batch.num_rows
    order = sorted(changed)
    at = {row: rows + n for n, row in enumerate(order)}
    both = pa.concat_batches([batch, to_batch(changed[i] for i in order)])
    return both.take(pa.array([at.get(i, i) for i in range(rows) if i not in dropped], type=pa.int64()))
