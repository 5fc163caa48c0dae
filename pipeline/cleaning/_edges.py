"""Whole columns of texts that carry spans and tokens: their edges are marked in the text, and the marks travel.

A mark is put at every edge of a span or a token, the step's own expression rewrites the marked texts and the bare
ones, and where the two agree but for the marks, the marks stand where the edges have gone. Where they do not agree (the
step would have changed something across an edge), or an edge has come to stand beside white space, the row is left to
the step's `__call__`, which says what becomes of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pipeline.frames import DOCUMENTS

if TYPE_CHECKING:
    import polars as pl

MARK = "\ue0f7"  # private use: no letter, no white space, in no pattern of any step; a text that holds it is left alone

Edges = list[tuple[int, int]]


class Moved:
    """Rows whose texts were rewritten and whose edges could be followed, and the rows that are left."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.left: list[int] = []
        self.texts: list[str] = []
        self.spans: list[Edges] = []
        self.tokens: list[Edges] = []


def moved(batch: pa.RecordBatch, rows: Sequence[int], frame: pl.DataFrame, rewrites: pl.Expr) -> Moved:
    """Rewrite the texts of these rows of a batch; `frame` has their columns `text` and `language`."""
    import polars as pl

    found = Moved()
    texts = frame["text"].to_list()
    some = batch.take(pa.array(rows, pa.int64()))
    spans, tokens = (_edges(some.column(name)) for name in ("spans", "tokens"))
    cuts = [sorted({at for edge in (*a, *b) for at in edge}) for a, b in zip(spans, tokens, strict=True)]
    marked = pl.Series("text", [_marked(text, at) for text, at in zip(texts, cuts, strict=True)])
    bare = frame.select(rewrites).to_series().to_list()
    with_marks = frame.with_columns(marked).select(rewrites).to_series().to_list()
    for n, row in enumerate(rows):
        new = bare[n]
        pieces = with_marks[n].split(MARK)
        if len(pieces) != len(cuts[n]) + 1 or MARK in texts[n] or "".join(pieces) != new:
            found.left.append(row)
            continue
        to = dict(zip(cuts[n], accumulate(map(len, pieces)), strict=False))
        new_spans = [(to[a], to[b]) for a, b in spans[n]]
        new_tokens = [(to[a], to[b]) for a, b in tokens[n]]
        if all(_tight(new, a, b) for a, b in new_spans) and all(new[a:b].split() == [new[a:b]] for a, b in new_tokens):
            found.rows.append(row)
            found.texts.append(new)
            found.spans.append(new_spans)
            found.tokens.append(new_tokens)
        else:
            found.left.append(row)
    return found


def columns(batch: pa.RecordBatch, found: Moved) -> pa.RecordBatch:
    """The rows that were followed, with their new texts and edges; labels and groups of spans are as they were."""
    some = batch.take(pa.array(found.rows, pa.int64()))
    made = {
        "text": pa.array(found.texts, pa.string()),
        "spans": _replaced(some.column("spans"), found.spans),
        "tokens": _replaced(some.column("tokens"), found.tokens),
    }
    arrays = [made.get(name, some.column(name)) for name in DOCUMENTS.names]
    return pa.RecordBatch.from_arrays(arrays, schema=DOCUMENTS)


def _marked(text: str, cuts: Sequence[int]) -> str:
    return MARK.join(text[a:b] for a, b in pairwise([0, *cuts, len(text)]))


def _tight(text: str, start: int, end: int) -> bool:
    return start < end and not text[start].isspace() and not text[end - 1].isspace()


def _edges(column: pa.ListArray) -> list[Edges]:
    """(start, end) of every element of every row; none for null."""
    flat = column.flatten()
    starts, ends = (flat.field(name).to_pylist() for name in ("start", "end"))
    return [list(zip(starts[a:b], ends[a:b], strict=True)) for a, b in _bounds(column)]


def _bounds(column: pa.ListArray) -> Iterator[tuple[int, int]]:
    lengths = np.asarray(column.value_lengths().fill_null(0))
    return pairwise([0, *np.cumsum(lengths).tolist()])


def _replaced(column: pa.ListArray, edges: Sequence[Edges]) -> Any:
    """The same lists with other starts and ends."""
    flat = column.flatten()
    every = [edge for row in edges for edge in row]
    new = {
        "start": pa.array([a for a, _ in every], pa.int32()),
        "end": pa.array([b for _, b in every], pa.int32()),
    }
    fields = list(flat.type)
    items = pa.StructArray.from_arrays([new.get(f.name, flat.field(f.name)) for f in fields], fields=fields)
    offsets = pa.array([0, *accumulate(map(len, edges))], pa.int32())
    return pa.ListArray.from_arrays(offsets, items, type=column.type, mask=column.is_null())
