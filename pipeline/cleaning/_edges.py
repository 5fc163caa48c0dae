"""Whole columns of texts that carry spans and tokens: their edges are marked in the text, and the marks travel.

A mark is put at every edge of a span or a token, the steps' own expressions rewrite the marked texts and the bare ones,
and where the two agree but for the marks, the marks stand where the edges have gone. Where they do not agree (a step
would have changed something across an edge), or an edge has come to stand beside white space, the row is left to
`__call__`, which says what becomes of it. Marks are put in, found and taken out in the bytes of the whole column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.cleaning._rows import Places, Rows, replaced, with_columns

if TYPE_CHECKING:
    import polars as pl

# Private use: no letters, no white space, in no pattern of any step; a text that holds one is left alone. In this order
# they stand where several edges meet: what ends somewhere before what starts there.
_MARKS = "\ue0f4\ue0f5\ue0f6\ue0f7"
_SPAN_END, _TOKEN_END, _SPAN_START, _TOKEN_START = range(4)
_MARK = np.frombuffer(_MARKS[0].encode(), np.uint8)  # three bytes, of which the last says which
_KINDS = {"spans": (_SPAN_START, _SPAN_END), "tokens": (_TOKEN_START, _TOKEN_END)}
_SPACES = [char.encode() for char in map(chr, range(0x3001)) if char.isspace()]
_PARTED = f"{_MARKS[_TOKEN_START]}[^{_MARKS[_TOKEN_END]}]*[{''.join(map(bytes.decode, _SPACES))}]"

Bytes = NDArray[np.uint8]


class Step(Protocol):
    """What is asked of a cleaning step here."""

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Which rows it may change."""

    def rewrites(self, text: pl.Expr) -> pl.Expr | None:
        """What it makes of whole columns."""


@dataclass(frozen=True, slots=True)
class _Marks:
    """Marks of many texts: the row of each, where it stands (in characters or in bytes), and which it is."""

    row: Places
    at: Places
    kind: NDArray[np.uint8]


def follow(steps: Sequence[Step], rows: Rows, open_: Places) -> Places:
    """Take those of the open rows that carry spans or tokens through local steps; the rows that are left to be done."""
    import polars as pl

    carrying = open_[~rows.plain(open_)]
    if not len(carrying):
        return open_
    edges = _edges(rows.batch, carrying)
    count = np.bincount(edges.row, minlength=len(carrying))
    frame = rows.of(carrying).with_columns(marked="text")
    good, begun = np.ones(len(carrying), bool), np.zeros(len(carrying), bool)
    for step in steps:
        touched = np.flatnonzero(frame.select(step.touches(pl.col("text"))).to_series().to_numpy() & good)
        fresh = touched[~begun[touched]]
        if len(fresh):
            marked, good[fresh] = _marked(frame["text"][fresh], _of_rows(edges, fresh, len(carrying)))
            frame = frame.with_columns(marked=replaced(frame["marked"], fresh, marked))
            begun[fresh] = True
        if len(touched):
            some, kept = _step(step, frame[touched], count[touched])
            good[touched] &= kept
            frame = frame.with_columns(replaced(frame[name], touched, some[name]) for name in ("text", "marked"))
    changed = np.flatnonzero(begun & good)
    if len(changed):
        rows.write(carrying[changed], frame["text"][changed])
        rows.batch = _moved(rows.batch, carrying[changed], frame["marked"][changed])
    return np.setdiff1d(open_, carrying[good], assume_unique=True)


def _step(step: Step, frame: pl.DataFrame, count: Places) -> tuple[pl.DataFrame, NDArray[np.bool_]]:
    """(new texts, bare and marked, of rows that the step touches; in which of them the marks could be followed)."""
    import polars as pl

    rewrites = step.rewrites(pl.col("text"))
    if rewrites is None:
        return frame, np.zeros(frame.height, bool)
    new = frame.select(rewrites).to_series()
    marked = frame.select("language", text="marked").select(rewrites).to_series()
    data, bounds = _bytes(marked)
    marks = _found(data, bounds)
    good = np.bincount(marks.row, minlength=frame.height) == count
    good &= (_without(data, bounds, marks) == new).to_numpy()
    good[marks.row[_loose(data, marks)]] = False
    if (marks.kind == _TOKEN_START).any():
        good &= ~marked.str.contains(_PARTED).to_numpy()
    return pl.DataFrame({"text": new, "marked": marked}), good


def _edges(batch: pa.RecordBatch, rows: Places) -> _Marks:
    """Where spans and tokens of these rows start and end, in characters."""
    found: list[tuple[Places, Places, int]] = []
    for name, kinds in _KINDS.items():
        lengths, edges = _elements(batch.column(name))
        chosen = np.zeros(batch.num_rows, bool)
        chosen[rows] = True
        chosen = np.repeat(chosen, lengths)
        row = np.repeat(np.arange(len(rows)), lengths[rows])
        found += [(row, at[chosen], kind) for at, kind in zip(edges, kinds, strict=True)]
    kind = np.repeat(np.array([kind for _, _, kind in found], np.uint8), [len(row) for row, _, _ in found])
    return _Marks(np.concatenate([row for row, _, _ in found]), np.concatenate([at for _, at, _ in found]), kind)


def _of_rows(marks: _Marks, rows: Places, count: int) -> _Marks:
    """The marks of these rows, counted from 0."""
    number = np.full(count, -1)
    number[rows] = np.arange(len(rows))
    row = number[marks.row]
    there = row >= 0
    return _Marks(row[there], marks.at[there], marks.kind[there])


def _marked(texts: pl.Series, edges: _Marks) -> tuple[pl.Series, NDArray[np.bool_]]:
    """(the texts with a mark at every edge, whether that could be done)."""
    data, bounds = _bytes(texts)
    first = np.append(np.flatnonzero(_leads(data)), len(data))  # of every character
    begin = np.searchsorted(first, bounds)
    good = np.ones(len(texts), bool)
    good[_found(data, bounds).row] = False
    place, last = begin[edges.row] + edges.at, begin[edges.row + 1]
    good[edges.row[place > last]] = False
    place = np.minimum(place, last)
    order = np.argsort((place + edges.row) * len(_MARKS) + edges.kind, kind="stable")
    at = first[place[order]] + 3 * np.arange(len(order))
    keep = np.ones(len(data) + 3 * len(at), bool)
    keep[at[:, None] + np.arange(3)] = False
    out = np.empty(len(keep), np.uint8)
    out[keep] = data
    out[at[:, None] + np.arange(3)] = _MARK
    out[at + 2] += edges.kind[order]
    return _texts(out, bounds + 3 * _begins(edges.row, len(texts))), good


def _found(data: Bytes, bounds: Places) -> _Marks:
    """The marks that stand in texts, in bytes of the whole."""
    at = np.flatnonzero(data == _MARK[0])
    at = at[data[at + 1] == _MARK[1]]
    kind = data[at + 2] - _MARK[2]
    at, kind = at[kind < len(_MARKS)], kind[kind < len(_MARKS)]
    return _Marks(np.searchsorted(bounds, at, side="right") - 1, at, kind)


def _without(data: Bytes, bounds: Places, marks: _Marks) -> pl.Series:
    """The texts without their marks."""
    keep = np.ones(len(data), bool)
    keep[marks.at[:, None] + np.arange(3)] = False
    return _texts(data[keep], bounds - 3 * _begins(marks.row, len(bounds) - 1))


def _loose(data: Bytes, marks: _Marks) -> NDArray[np.bool_]:
    """Which marks stand beside white space on the inner side, or have nothing between them and their other end."""
    starts = marks.kind >= _SPAN_START
    inside = np.where(starts, marks.at + 3, marks.at - 3)
    a, b, c = (data.take(inside + n, mode="clip").astype(np.int64) for n in range(3))
    near, far = np.where(starts, a, c), np.where(starts, a * 256 + b, b * 256 + c)
    whole = (a * 256 + b) * 256 + c
    spaces = np.isin(near, _codes(1)) | np.isin(far, _codes(2)) | np.isin(whole, _codes(3))
    return spaces | (starts & np.isin(whole, [int.from_bytes(mark.encode()) for mark in _MARKS[:_SPAN_START]]))


def _codes(length: int) -> list[int]:
    return [int.from_bytes(space) for space in _SPACES if len(space) == length]


def _moved(batch: pa.RecordBatch, rows: Places, marked: pl.Series) -> pa.RecordBatch:
    """The batch with spans and tokens of these rows where the marks stand; labels and groups are as they were."""
    data, bounds = _bytes(marked)
    marks = _found(data, bounds)
    before = np.cumsum(_leads(data), dtype=np.int32)
    number = np.arange(len(marks.row)) - _begins(marks.row, len(rows))[marks.row]
    at = before[marks.at] - before[bounds[marks.row]] - number
    chosen = np.zeros(batch.num_rows, bool)
    chosen[rows] = True
    new = {}
    for name, kinds in _KINDS.items():
        column = batch.column(name)
        lengths, edges = _elements(column)
        for kind, values in zip(kinds, edges, strict=True):
            values[np.repeat(chosen, lengths)] = at[marks.kind == kind]
        flat, fields = column.flatten(), list(column.type.value_type)
        moved = dict(zip(("start", "end"), (pa.array(values, pa.int32()) for values in edges), strict=True))
        items = pa.StructArray.from_arrays([moved.get(f.name, flat.field(f.name)) for f in fields], fields=fields)
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
        new[name] = pa.ListArray.from_arrays(offsets, items, type=column.type, mask=column.is_null())
    return with_columns(batch, new)


def _elements(column: pa.ListArray) -> tuple[Places, tuple[Places, Places]]:
    """(how many elements each row has, none for null; starts and ends of all of them)."""
    flat = column.flatten()
    starts, ends = (np.array(flat.field(name), np.int64) for name in ("start", "end"))
    return np.asarray(pc.fill_null(pc.list_value_length(column), 0)).astype(np.int64), (starts, ends)


def _begins(rows: Places, count: int) -> Places:
    """How many marks stand before each row, and before the end."""
    return np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=count))])


def _leads(data: Bytes) -> NDArray[np.bool_]:
    """Which bytes of UTF-8 begin a character."""
    return np.asarray(data.view(np.int8) > -65)


def _bytes(texts: pl.Series) -> tuple[Bytes, Places]:
    """The UTF-8 of all texts one after another, and where each starts, and the end."""
    import polars as pl

    array: Any = texts.to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    bounds = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    return np.frombuffer(data or b"", np.uint8)[bounds[0] : bounds[-1]], bounds - bounds[0]


def _texts(data: Bytes, bounds: Places) -> pl.Series:
    import polars as pl

    return pl.Series(pa.LargeStringArray.from_buffers(len(bounds) - 1, pa.py_buffer(bounds), pa.py_buffer(data)))
