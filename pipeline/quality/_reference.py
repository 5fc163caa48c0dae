"""The two sides of a comparison: a reference and what is judged, as samples of one size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import fsspec
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.errors import WrongUse
from pipeline.quality._sample import first
from pipeline.splitting import SPLITS

_ROWS = 10_000
_COLUMNS = ("id", "group_id", "text", "groups")
EMPTY = pl.DataFrame(schema={"id": pl.String, "group_id": pl.String, "text": pl.String, "value": pl.String})


def sides(
    documents: pa.Table, reference: str, judged: str, size: int, seed: int, by: str = ""
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Samples of at most `size` rows each: columns `id`, `group_id`, `text`, and `value`, the group that `by` names.

    `judged: all` are the documents that are not the reference.
    """
    within = _within(documents, reference)
    if within is None:
        theirs, others = _of_file(reference, size, seed, by), documents
    else:
        theirs, others = rows(documents.filter(within), by), documents.filter(pc.invert(within))
    ours = chosen(others if judged == "all" else documents, judged)
    return first(theirs, size, seed), first(rows(ours, by), size, seed)


def chosen(documents: pa.Table, judged: str) -> pa.Table:
    """The documents of a split or of `group=value`, or `all`."""
    if judged == "all":
        return documents
    within = _within(documents, judged)
    if within is None:
        raise WrongUse(f"judged: {judged!r} is not {', '.join(SPLITS)}, `group=value` or `all`")
    return documents.filter(within)


def _within(documents: pa.Table, which: str) -> pa.ChunkedArray | None:
    """One boolean a row for a split or `group=value`; None for anything else, which is a file."""
    if which in SPLITS:
        return pc.fill_null(pc.equal(documents["split"], which), False)
    group, equals, value = which.partition("=")
    if not equals or "/" in group:
        return None
    return pc.fill_null(pc.equal(_values(documents, group), value), False)


def _values(documents: pa.Table, group: str) -> pa.Array:
    return pc.map_lookup(documents["groups"].combine_chunks(), pa.scalar(group), "first")


def rows(documents: pa.Table, by: str = "") -> pl.DataFrame:
    """Documents as `id`, `group_id` (the id where it is empty), `text` and `value` (`unknown` where there is none)."""
    found = pl.DataFrame(documents.select(["id", "group_id", "text"]))
    group = pl.when(pl.col("group_id") == "").then("id").otherwise("group_id")
    found = found.with_columns(group_id=group, value=pl.lit("", pl.String))
    if by:
        values = pl.Series(_values(documents, by), dtype=pl.String)
        found = found.with_columns(value=values.fill_null("unknown"))
    return found


def _of_file(place: str, size: int, seed: int, by: str) -> pl.DataFrame:
    """The sample of a Parquet or JSON lines file, or of the folder of a stored version; read a piece at a time."""
    fs, path = fsspec.core.url_to_fs(place)
    if fs.isdir(path):
        path = f"{path.rstrip('/')}/documents.parquet"
    if not fs.exists(path):
        raise WrongUse(
            f"reference: there is no {path}; give {', '.join(SPLITS)}, `group=value`, a Parquet or JSON lines file, or "
            "the folder of a stored version"
        )
    held = None
    with fs.open(path, "rb") as file:
        for piece in _parquet(file) if path.endswith(".parquet") else _lines(file, path):
            here = rows(piece, by)
            held = first(here if held is None else pl.concat([held, here]), size, seed)
    if held is None:
        raise WrongUse(f"reference: {path} holds no rows")
    return held


def _parquet(file: Any) -> Iterator[pa.Table]:
    source = pq.ParquetFile(file)
    names = [c for c in _COLUMNS if c in source.schema_arrow.names]
    if "text" not in names:
        raise WrongUse(f"reference: no column `text` among {', '.join(source.schema_arrow.names)}")
    at = 0
    for batch in source.iter_batches(_ROWS, columns=names):
        yield _whole(pa.Table.from_batches([batch]), at)
        at += batch.num_rows


def _lines(file: Any, path: str) -> Iterator[pa.Table]:
    numbered = enumerate(file)
    while chunk := list(islice(numbered, _ROWS)):
        found = []
        for at, line in chunk:
            row = json.loads(line) if line.strip() else {}
            if not isinstance(row, dict) or not isinstance(row.get("text", ""), str):
                raise WrongUse(f"reference: {path}:{at + 1} is no object with a `text`")
            if row.get("text"):
                groups = {str(k): str(v) for k, v in (row.get("groups") or {}).items()}
                found.append({"id": str(row.get("id", at)), "text": row["text"], "groups": list(groups.items())})
        kinds = pa.schema([("id", pa.string()), ("text", pa.string()), ("groups", pa.map_(pa.string(), pa.string()))])
        yield _whole(pa.Table.from_pylist(found, kinds), 0)


def _whole(table: pa.Table, at: int) -> pa.Table:
    """With every column that `rows` reads: the row number as the id, no group id, no groups."""
    count = table.num_rows
    if "id" not in table.column_names:
        table = table.append_column("id", pa.array([str(n) for n in range(at, at + count)], pa.string()))
    if "group_id" not in table.column_names:
        table = table.append_column("group_id", pa.array([""] * count, pa.string()))
    if "groups" not in table.column_names:
        table = table.append_column("groups", pa.array([[]] * count, pa.map_(pa.string(), pa.string())))
    return table
