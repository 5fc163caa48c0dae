"""Cleaning steps: one file, one class, one verb: `__call__(doc) -> Document | Rejected`.

Contract, held by tests/test_contracts.py for every file in this folder:

- Text changes only through `doc.edited(edits)`: spans and tokens travel with it.
- A step applied twice equals once. What the step makes of a span's text alone is the span's text afterwards.
- `touches(text)` is a vectorised test (a Polars expression) that is true at least for every row the step would change
  or reject; rows where it is false are passed through untouched, whole columns at a time.
- A step that edits gives `rewrites(text)` where it can: the same as `__call__` on a document without spans and tokens,
  for a whole column. A step that only drops gives `refuses(text)`: the reason, or null. Both may look at
  `pl.col("language")` besides. Where they are there, `__call__` sees only the touched rows that carry spans or tokens.
- No regular expression that can backtrack without end: a line of a megabyte takes well under a second.

Template (pipeline/cleaning/drop_soft_hyphen.py):

    class DropSoftHyphen(CleaningStep):
        def touches(self, text: pl.Expr) -> pl.Expr:
            return text.str.contains("\\u00ad", literal=True)

        def rewrites(self, text: pl.Expr) -> pl.Expr:
            return text.str.replace_all("\\u00ad", "", literal=True)

        def __call__(self, doc: Document) -> Document | Rejected:
            return doc.edited([Edit(i, i + 1, "") for i, c in enumerate(doc.text) if c == "\\u00ad"])
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.cleaning import _edges
from pipeline.cleaning._rows import Places, Rows
from pipeline.frames import DOCUMENTS, REJECTED, rejected_batch
from pipeline.part import Part
from pipeline.types import Document, Rejected

if TYPE_CHECKING:
    import polars as pl

CLEANED = DOCUMENTS.append(pa.field("step", pa.string())).append(pa.field("reason", pa.string()))


class CleaningStep(Part):
    """One change of text, or one reason to drop a document.

    `marks` are the texts that a step puts in the place of what it hides, by kind: their number is counted, what they
    hide is written nowhere. `local` says that what a step makes of one place of a text does not hang on what is far
    from it, so that spans can be followed through `rewrites` (`_edges.py`). `for_encoders` is false for a step whose
    text only a bag-of-words view may read.
    """

    marks: ClassVar[Mapping[str, str]] = {}
    local: ClassVar[bool] = False
    for_encoders: ClassVar[bool] = True

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Which rows the step might change or reject; all of them unless a step knows better."""
        return text.is_not_null()

    def rewrites(self, text: pl.Expr) -> pl.Expr | None:
        """What the step makes of texts that carry no spans and no tokens; None where only `__call__` knows."""
        return None

    def refuses(self, text: pl.Expr) -> pl.Expr | None:
        """Why the step drops a document, null where it does not; None for a step that edits."""
        return None

    @abstractmethod
    def __call__(self, doc: Document) -> Document | Rejected:
        """The document, changed, unchanged, or rejected with a reason."""


BASE = CleaningStep


def apply(step: CleaningStep, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """One step over one batch: (kept, rejected).

    Only the rows that the step touches are looked at, and of these only the ones that carry spans or tokens become
    Python objects, where the step says in `rewrites` or `refuses` what becomes of whole columns.
    """
    return parted(run([step], batch))


def run(steps: Sequence[CleaningStep], batch: pa.RecordBatch) -> pa.RecordBatch:
    """Every step over one batch, in order, as many rows as came in and in their order.

    The schema is CLEANED: `step` and `reason` are null for a document that stays; one that is dropped stands there as
    it came to the step that dropped it. Local steps that follow each other take the documents with spans through
    together.
    """
    rows = Rows(batch)
    for local, group in groupby(steps, key=lambda step: step.local):
        together, open_ = tuple(group), rows.staying()
        if local:
            open_ = _edges.follow(together, rows, open_)
        for step in together:
            open_ = _applied(step, rows, open_)
    return rows.cleaned(CLEANED)


def parted(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """What `run` gives as (kept, rejected)."""
    if batch.column("step").null_count == batch.num_rows:
        return batch.select(DOCUMENTS.names).cast(DOCUMENTS), rejected_batch([])
    dropped = pc.is_valid(batch.column("step"))
    return batch.filter(pc.invert(dropped)).select(DOCUMENTS.names).cast(DOCUMENTS), batch.filter(dropped).cast(
        REJECTED
    )


def marked(steps: Sequence[CleaningStep], texts: pa.Array) -> dict[str, int]:
    """How often the marks of these steps stand in texts, by kind."""
    marks = {kind: mark for step in steps for kind, mark in step.marks.items()}
    return {kind: int(pc.sum(pc.count_substring(texts, mark)).as_py() or 0) for kind, mark in marks.items()}


def _applied(step: CleaningStep, rows: Rows, open_: Places) -> Places:
    """One step over the rows that are open to it; those of them that stay."""
    import polars as pl

    text = pl.col("text")
    touched = open_[rows.of(open_).select(step.touches(text)).to_series().to_numpy()]
    if not len(touched):
        return open_
    reason, new = step.refuses(text), step.rewrites(text)
    if reason is not None:
        reasons = rows.of(touched).select(reason).to_series()
        said = dict(zip(touched[reasons.is_not_null().to_numpy()].tolist(), reasons.drop_nulls(), strict=True))
        for row, why in said.items():
            rows.drop(row, step.name, why)
        return np.setdiff1d(open_, list(said), assume_unique=True)
    if new is not None:
        plain = rows.plain(touched)
        bare, touched = touched[plain], touched[~plain]
        if len(bare):
            rows.write(bare, rows.of(bare).select(new).to_series())
    return np.setdiff1d(open_, _one_by_one(step, rows, touched), assume_unique=True)


def _one_by_one(step: CleaningStep, rows: Rows, some: Places) -> list[int]:
    """A step over documents; the rows that it drops."""
    kept: dict[int, Document] = {}
    dropped: list[int] = []
    for row, document in zip(some.tolist(), rows.documents(some) if len(some) else (), strict=True):
        result = step(document)
        if isinstance(result, Rejected):
            rows.drop(row, result.step or step.name, result.reason)
            dropped.append(row)
        elif result is not document:
            kept[row] = result
    rows.put(kept)
    return dropped
