"""What is counted again from a Parquet file, one batch in memory at a time: numbers by a path of keys."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.frames import row_groups

MOST_KINDS = 20  # values of one kind that are told apart; the rest is `(others)`
OTHERS = "(others)"
_COLUMNS = ["text", "language", "group_id", "spans", "label", "groups", "split", "tokens", "licence"]
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NUMBER = re.compile(r"\S*\d\S*")

Counts = Counter[tuple[str, ...]]


def counted(file: Path) -> dict[str, Any]:
    """The counts of a `documents.parquet` or a `rejected.parquet`, nested.

    `documents`, `groups` (distinct ids), `divided` (those in more than one split), `characters` (fewest, median, most),
    `without` (spans, label, tokens), `empty` (annotated, no span), `language`, `licence`, `split` (documents, label,
    spans, document_groups, span_groups); of a `rejected.parquet` `documents` and `step` (by step and kind of reason).
    """
    parquet = pq.ParquetFile(file)
    if "step" in parquet.schema_arrow.names:
        return _rejected(parquet)
    total, groups, lengths = Counts(), list[Any](), list[Any]()
    for batch in row_groups(parquet, _COLUMNS):
        for path, count in _of_batch(batch):
            total[path] += count
        groups.append(_hashes(batch))
        lengths.append(pc.utf8_length(batch.column("text")).to_numpy())
    counts = _nested(total)
    if groups:
        every = np.concatenate(lengths)
        spread = {"fewest": int(every.min()), "median": int(np.median(every)), "most": int(every.max())}
        _, splits = np.unique(np.unique(np.concatenate(groups), axis=0)[:, 0], return_counts=True)
        counts |= {"groups": len(splits), "divided": int((splits > 1).sum()), "characters": spread}
    return {"documents": parquet.metadata.num_rows, **counts}


def kind_of(reason: str) -> str:
    """A reason without what is one document's own: quoted text becomes …, a word with a digit N.

    >>> kind_of("the text has 2 characters; min_length asks for 5")
    'the text has N characters; min_length asks for N'
    """
    return _NUMBER.sub("N", _QUOTED.sub("…", reason.replace("\n", " ")))[:200]


def _rejected(parquet: pq.ParquetFile) -> dict[str, Any]:
    kinds = Counts()
    for batch in row_groups(parquet, ["step", "reason"]):
        for step, reason in zip(batch.column("step").to_pylist(), batch.column("reason").to_pylist(), strict=True):
            kinds["step", step, kind_of(reason)] += 1
    return {"documents": parquet.metadata.num_rows, **_nested(kinds)}


def _of_batch(batch: pa.RecordBatch) -> Iterator[tuple[tuple[str, ...], int]]:
    for name in ("spans", "label", "tokens"):
        yield ("without", name), batch.column(name).null_count
    yield ("empty",), int(pc.sum(pc.equal(pc.list_value_length(batch.column("spans")), 0)).as_py() or 0)
    for name in ("language", "licence"):
        yield from _by(batch.column(name), above=(name,))
    split = pc.fill_null(batch.column("split"), "none")
    spans = batch.column("spans")
    of_span = split.take(pc.list_parent_indices(spans))
    inside = spans.flatten()
    yield from _by(split, last="documents")
    yield from _by(split, batch.column("label"), last="label")
    yield from _by(of_span, pc.struct_field(inside, "label"), last="spans")
    for name, at, column in (
        ("document_groups", split, batch.column("groups")),
        ("span_groups", of_span, pc.struct_field(inside, "groups")),
    ):
        pairs = column.cast(pa.list_(pa.struct([("key", pa.string()), ("value", pa.string())])))
        each = pairs.flatten()
        which = at.take(pc.list_parent_indices(pairs))
        yield from _by(which, pc.struct_field(each, "key"), pc.struct_field(each, "value"), last=name)


def _by(*columns: Any, above: tuple[str, ...] = ("split",), last: str = "") -> Iterator[tuple[tuple[str, ...], int]]:
    """How often each combination of values stands in columns, as paths: `split/train/label/PER`."""
    names = [str(i) for i in range(len(columns))]
    rows = pa.table(list(columns), names=names).group_by(names).aggregate([([], "count_all")])
    for row in rows.to_pylist():
        first, *more = (row[name] for name in names)
        if first is not None and None not in more:
            yield (*above, str(first), *([last] if last else []), *map(str, more)), row["count_all"]


def _hashes(batch: pa.RecordBatch) -> Any:
    """(group, group and split) of every row, eight bytes each."""
    import polars as pl

    rows = pl.DataFrame({name: pl.from_arrow(batch.column(name)) for name in ("group_id", "split")})
    return rows.select(pl.col("group_id").hash(1), both=pl.struct("group_id", "split").hash(1)).to_numpy()


def _nested(counts: Counts) -> dict[str, Any]:
    """Paths as dictionaries in dictionaries; of many values of one kind the most frequent and the rest together."""
    tree: dict[str, Any] = {}
    for path, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        at = tree
        for step in path[:-1]:
            at = at.setdefault(step, {})
        if len(at) < MOST_KINDS:
            at[path[-1]] = count
        else:
            at[OTHERS] = at.get(OTHERS, 0) + count
    return tree
