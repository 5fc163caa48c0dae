"""Which group each document, mention or label of a table belongs to, from Arrow columns."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

UNKNOWN = "unknown"
_NO_GROUP = ("", UNKNOWN, "nan", "none", "null")  # what a missing value is called once it was made a string


def document_groups(documents: pa.Table, by: str) -> pl.Series:
    """The group of each document, one string a row; `unknown` where it has none."""
    return _known(pc.map_lookup(documents["groups"].combine_chunks(), pa.scalar(by), "first"))


def mentions(documents: pa.Table, by: str) -> pl.DataFrame:
    """One row a span: `row` (of its document), `start`, `end`, `label`, `group` (its own, else its document's)."""
    spans = span_rows(documents["spans"])
    lists = documents["spans"].combine_chunks()
    own = _known(pc.map_lookup(pc.struct_field(pc.list_flatten(lists), "groups"), pa.scalar(by), "first"))
    inherited = document_groups(documents, by).gather(spans["row"])
    group = pl.select(pl.when(own != UNKNOWN).then(own).otherwise(inherited)).to_series()
    return spans.with_columns(group=group)


def span_rows(spans: pa.ChunkedArray) -> pl.DataFrame:
    """One row a span of a column of lists: `row`, `start`, `end` and `label`."""
    lists = spans.combine_chunks()
    flat = pc.list_flatten(lists)
    table = pa.table(
        {
            "row": pc.list_parent_indices(lists).cast(pa.int64()),
            "start": pc.struct_field(flat, "start").cast(pa.int64()),
            "end": pc.struct_field(flat, "end").cast(pa.int64()),
            "label": pc.struct_field(flat, "label"),
        }
    )
    return pl.DataFrame(table)


def _known(values: pa.Array) -> pl.Series:
    """Missing groups filled by name: Fairlearn refuses a missing value, and pandas 3 makes None a NaN."""
    group = pl.Series("group", values, dtype=pl.String).str.strip_chars()
    missing = group.is_null() | group.str.to_lowercase().is_in(_NO_GROUP)
    known = pl.when(missing.fill_null(value=True)).then(pl.lit(UNKNOWN)).otherwise(group)
    return pl.select(group=known).to_series()
