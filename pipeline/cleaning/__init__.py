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
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.cleaning import _edges
from pipeline.frames import DOCUMENTS, REJECTED, documents_of, rejected_batch, to_batch
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
    parts: list[pa.RecordBatch] = []
    places: list[NDArray[np.int64]] = []
    at = np.arange(batch.num_rows)
    for local, group in groupby(steps, key=lambda step: step.local):
        done = np.zeros(batch.num_rows, bool)
        together = tuple(group)
        carrying = np.flatnonzero(~_plain(batch)) if local else np.empty(0, np.int64)
        if len(carrying):
            new, left = _edges.carried(together, batch.take(pa.array(carrying)))
            batch = _edges.put(batch, carrying.tolist(), new)
            done[np.delete(carrying, left)] = True
        ready, batch, waiting = batch.filter(pa.array(done)), batch.filter(pa.array(~done)), at[~done]
        for step in together:
            batch, rejected, dropped = _applied(step, batch)
            if len(dropped):
                parts.append(rejected)
                places.append(waiting[dropped])
                waiting = np.delete(waiting, dropped)
        at = np.concatenate([at[done], waiting])
        batch = pa.concat_batches([ready, batch]).take(pa.array(np.argsort(at)))
        at.sort()
    nothing = pa.nulls(batch.num_rows, pa.string())
    kept = pa.RecordBatch.from_arrays([*batch.columns, nothing, nothing], schema=CLEANED)
    whole = pa.concat_batches([kept, *(part.cast(CLEANED) for part in parts)])
    return whole.take(pa.array(np.argsort(np.concatenate([at, *places]), kind="stable"))) if parts else kept


def parted(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """What `run` gives as (kept, rejected)."""
    dropped = pc.is_valid(batch.column("step"))
    return batch.filter(pc.invert(dropped)).select(DOCUMENTS.names).cast(DOCUMENTS), batch.filter(dropped).cast(
        REJECTED
    )


def marked(steps: Sequence[CleaningStep], texts: pa.Array) -> dict[str, int]:
    """How often the marks of these steps stand in texts, by kind."""
    marks = {kind: mark for step in steps for kind, mark in step.marks.items()}
    return {kind: int(pc.sum(pc.count_substring(texts, mark)).as_py() or 0) for kind, mark in marks.items()}


def _applied(step: CleaningStep, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch, Sequence[int]]:
    """(kept, rejected, the places of the rejected in the batch)."""
    import polars as pl

    frame = pl.DataFrame({name: pl.from_arrow(batch.column(name)) for name in ("text", "language")})
    text = pl.col("text")
    touched = frame.select(step.touches(text)).to_series().arg_true()
    if touched.is_empty():
        return batch, rejected_batch([]), []
    some = frame[touched]
    reason = step.refuses(text)
    if reason is not None:
        return _refused(step, batch, touched.to_arrow(), some.select(reason).to_series().to_arrow())
    new = step.rewrites(text)
    if new is None:
        return _one_by_one(step, batch, touched.to_list())
    bare = pl.Series(_plain(batch))[touched]
    batch = _with_texts(batch, touched.filter(bare), some.filter(bare).select(new).to_series())
    return _one_by_one(step, batch, touched.filter(~bare).to_list())


def _plain(batch: pa.RecordBatch) -> NDArray[np.bool_]:
    """Rows without any span and any token."""
    lengths = [pc.fill_null(pc.list_value_length(batch.column(name)), 0) for name in ("spans", "tokens")]
    return np.asarray(pc.equal(pc.add(*lengths), 0))


def _with_texts(batch: pa.RecordBatch, rows: pl.Series, texts: pl.Series) -> pa.RecordBatch:
    """The batch with the texts of these rows replaced."""
    import polars as pl

    if rows.is_empty():
        return batch
    column = pl.Series("text", pl.from_arrow(batch.column("text")))
    if len(rows) == len(column):
        column = texts
    else:
        at = pl.DataFrame({"row": rows.cast(pl.UInt32), "new": texts})
        every = pl.DataFrame({"text": column}).with_row_index("row").join(at, "row", how="left", maintain_order="left")
        column = every.select(pl.coalesce("new", "text")).to_series()
    arrow = column.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.string())
    return batch.set_column(batch.schema.get_field_index("text"), DOCUMENTS.field("text"), arrow)


def _refused(
    step: CleaningStep, batch: pa.RecordBatch, touched: pa.Array, reasons: pa.Array
) -> tuple[pa.RecordBatch, pa.RecordBatch, Sequence[int]]:
    rows = touched.filter(pc.is_valid(reasons))
    if not len(rows):
        return batch, rejected_batch([]), []
    dropped = batch.take(rows)
    said = reasons.drop_null().cast(pa.string())
    columns = [*dropped.columns, pa.array([step.name] * len(rows), pa.string()), said]
    stay = np.ones(batch.num_rows, bool)
    stay[rows.to_numpy()] = False
    rejected = pa.RecordBatch.from_arrays(columns, schema=REJECTED)
    return batch.filter(pa.array(stay)), rejected, rows.to_pylist()


def _one_by_one(
    step: CleaningStep, batch: pa.RecordBatch, rows: list[int]
) -> tuple[pa.RecordBatch, pa.RecordBatch, Sequence[int]]:
    kept: dict[int, Document] = {}
    dropped: dict[int, Rejected] = {}
    for i, document in zip(rows, documents_of(batch.take(pa.array(rows, pa.int64()))), strict=True):
        result = step(document)
        if isinstance(result, Rejected):
            dropped[i] = replace(result, document=document, step=result.step or step.name)
        elif result is not document:
            kept[i] = result
    return _merged(batch, kept, set(dropped)), rejected_batch(dropped.values()), sorted(dropped)


def _merged(batch: pa.RecordBatch, changed: dict[int, Document], dropped: set[int]) -> pa.RecordBatch:
    order = sorted(changed)
    merged = _edges.put(batch, order, to_batch(changed[i] for i in order))
    if not dropped:
        return merged
    return merged.take(pa.array([i for i in range(batch.num_rows) if i not in dropped], type=pa.int64()))
