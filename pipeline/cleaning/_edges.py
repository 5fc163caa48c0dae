"""Whole columns of texts that carry spans and tokens: their edges are marked in the text, and the marks travel.

A mark is put at every edge of a span or a token, the steps' own expressions rewrite the marked texts and the bare ones,
and where the two agree but for the marks, the marks stand where the edges have gone. Where they do not agree (a step
would have changed something across an edge), or an edge has come to stand beside white space, the row is left to
`__call__`, which says what becomes of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from pipeline.frames import DOCUMENTS

if TYPE_CHECKING:
    import polars as pl

# Private use: no letters, no white space, in no pattern of any step; a text that holds one is left alone.
_SPAN, _TOKEN = "\ue0f4\ue0f5", "\ue0f6\ue0f7"  # where one starts, where it ends
_STARTS, _ENDS = _SPAN[0] + _TOKEN[0], _SPAN[1] + _TOKEN[1]
_MARKS = f"[{_STARTS}{_ENDS}]"
_SPACE = "[" + "".join(filter(str.isspace, map(chr, range(0x3001)))) + "]"
_LOOSE = f"[{_STARTS}](?:{_SPACE}|[{_ENDS}])|{_SPACE}[{_ENDS}]"
_PARTED = f"{_TOKEN[0]}[^{_TOKEN[1]}]*{_SPACE}"
_MARK = re.compile(_MARKS)

Edges = list[tuple[int, int]]


class Step(Protocol):
    """What is asked of a cleaning step here."""

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Which rows it may change."""

    def rewrites(self, text: pl.Expr) -> pl.Expr | None:
        """What it makes of whole columns."""


def carried(steps: Sequence[Step], batch: pa.RecordBatch) -> tuple[pa.RecordBatch, list[int]]:
    """(the batch with the rows whose edges could be followed through every step, the rows left as they came)."""
    import polars as pl

    columns = pl.DataFrame({name: pl.from_arrow(batch.column(name)) for name in ("text", "language")})
    # what no step touches as it came, no step comes to touch
    touched = columns.select(pl.any_horizontal(step.touches(pl.col("text")) for step in steps).arg_true()).to_series()
    if touched.is_empty():
        return batch, []
    whole, batch = batch, batch.take(touched.to_arrow())
    texts = batch.column("text").to_pylist()
    edges = list(zip(_edges(batch.column("spans")), _edges(batch.column("tokens")), strict=True))
    marked = [_marked(text, *own) for text, own in zip(texts, edges, strict=True)]
    frame = pl.DataFrame({"text": texts, "language": batch.column("language").to_pylist(), "marked": marked})
    frame = frame.with_columns(good=~pl.col("text").str.contains(_MARKS), changed=False)
    for step in steps:
        frame = _step(step, frame)
    left = frame.select((~pl.col("good")).arg_true()).to_series().to_list()
    new = frame.with_row_index("row").filter("good", "changed")
    followed = [_found(text) for text in new["marked"]]
    moved = _replaced(batch, new["row"].to_list(), new["text"].to_list(), followed)
    return put(whole, touched.to_list(), moved), touched.gather(left).to_list()


def _step(step: Step, frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    text = pl.col("text")
    rewrites = step.rewrites(text)
    touched = frame.select(step.touches(text)).to_series() & frame["good"]
    if rewrites is None or not touched.any():
        return frame.with_columns(good=pl.col("good") & (rewrites is not None))
    some = frame.filter(touched)
    new = some.select(rewrites).to_series()
    marked = some.select("language", text="marked").select(rewrites).to_series()
    bare = marked.str.replace_all(_MARKS, "")
    kept = marked.str.count_matches(_MARKS) == some["marked"].str.count_matches(_MARKS)
    good = kept & (bare == new) & ~marked.str.contains(f"{_LOOSE}|{_PARTED}")
    some = some.with_columns(text=new, marked=marked, good=good, changed=pl.lit(True))
    at = np.arange(frame.height)
    at[touched.to_numpy()] = frame.height + np.arange(some.height)
    return pl.concat([frame, some])[at]


def _marked(text: str, spans: Edges, tokens: Edges) -> str:
    """The text with a mark at every edge; what ends somewhere stands before what starts there."""
    if not spans and not tokens:
        return text
    if not tokens:
        start, end = _SPAN[0], _SPAN[1]
        pieces = [f"{text[left:a]}{start}{text[a:b]}{end}" for (_, left), (a, b) in pairwise([(0, 0), *spans])]
        return "".join([*pieces, text[spans[-1][1] :]])
    both = ((_SPAN, spans), (_TOKEN, tokens))
    starts = [(a, 1, kind[0]) for kind, own in both for a, _ in own]
    ends = [(b, 0, kind[1]) for kind, own in both for _, b in own]
    marks = sorted(starts + ends)
    cuts = [0, *(at for at, _, _ in marks)]
    pieces = [text[a:b] + mark for (a, b), (_, _, mark) in zip(pairwise(cuts), marks, strict=True)]
    return "".join([*pieces, text[cuts[-1] :]])


def _found(marked: str) -> tuple[Edges, Edges]:
    """Where the marks stand, as spans and tokens of the text without them."""
    if _TOKEN[0] not in marked:  # spans do not overlap: every other mark is a start
        at: list[int] = list(accumulate(map(len, _MARK.split(marked))))
        return list(zip(at[0:-1:2], at[1:-1:2], strict=True)), []
    places: dict[str, list[int]] = {mark: [] for mark in _STARTS + _ENDS}
    for number, match in enumerate(_MARK.finditer(marked)):
        places[match.group()].append(match.start() - number)
    found = [list(zip(places[kind[0]], places[kind[1]], strict=True)) for kind in (_SPAN, _TOKEN)]
    return found[0], found[1]


def _replaced(
    batch: pa.RecordBatch, rows: Sequence[int], texts: Sequence[str], followed: Sequence[tuple[Edges, Edges]]
) -> pa.RecordBatch:
    """The batch with other texts and edges in these rows; labels and groups of spans are as they were."""
    if not rows:
        return batch
    some = batch.take(pa.array(rows, pa.int64()))
    made = {
        "text": pa.array(texts, pa.string()),
        "spans": _moved(some.column("spans"), [spans for spans, _ in followed]),
        "tokens": _moved(some.column("tokens"), [tokens for _, tokens in followed]),
    }
    new = pa.RecordBatch.from_arrays([made.get(name, some.column(name)) for name in DOCUMENTS.names], schema=DOCUMENTS)
    return put(batch, rows, new)


def put(batch: pa.RecordBatch, rows: Sequence[int], new: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with these rows replaced."""
    if not rows:
        return batch
    at = np.arange(batch.num_rows)
    at[np.asarray(rows)] = batch.num_rows + np.arange(len(rows))
    return pa.concat_batches([batch, new]).take(pa.array(at))


def _edges(column: pa.ListArray) -> list[Edges]:
    """(start, end) of every element of every row; none for null."""
    flat = column.flatten()
    starts, ends = (flat.field(name).to_pylist() for name in ("start", "end"))
    return [list(zip(starts[a:b], ends[a:b], strict=True)) for a, b in _bounds(column)]


def _bounds(column: pa.ListArray) -> Iterator[tuple[int, int]]:
    lengths = np.asarray(column.value_lengths().fill_null(0))
    return pairwise([0, *np.cumsum(lengths).tolist()])


def _moved(column: pa.ListArray, edges: Sequence[Edges]) -> Any:
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
