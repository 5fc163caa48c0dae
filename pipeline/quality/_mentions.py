"""The mentions of a table, one row a span, with their surface."""

from __future__ import annotations

import polars as pl
import pyarrow as pa


def mentions_in(documents: pa.Table) -> pl.DataFrame | None:
    """Columns `row`, `id`, `text`, `start`, `end`, `label`, `surface`, in order; None where nothing is annotated.

    Spans without offsets or outside of their text are left out: spans_true finds them.
    """
    rows = pl.DataFrame(documents.select(["id", "text", "spans"])).with_row_index("row")
    rows = rows.filter(pl.col("spans").is_not_null() & pl.col("text").is_not_null())
    if rows.height == 0:
        return None
    spans = rows.explode("spans", empty_as_null=False, keep_nulls=True)
    spans = spans.select("row", "id", "text", *(pl.col("spans").struct.field(f) for f in ("start", "end", "label")))
    start, end = pl.col("start"), pl.col("end")
    spans = spans.filter((start >= 0) & (end > start) & (pl.col("text").str.len_chars() >= end))
    return spans.with_columns(surface=pl.col("text").str.slice(start, end - start)).sort("row", "start", "end")


def outside(documents: pa.Table, mentions: pl.DataFrame) -> pl.DataFrame:
    """Columns `row`, `id`, `gap`: the pieces of annotated texts before, between and after their mentions."""
    rows = pl.DataFrame(documents.select(["id", "text", "spans"])).with_row_index("row")
    rows = rows.filter(pl.col("spans").is_not_null() & pl.col("text").is_not_null())
    begin = pl.col("end").shift(1).over("row").fill_null(0)
    before = mentions.with_columns(begin=begin).select(
        "row", "id", gap=pl.col("text").str.slice(pl.col("begin"), (pl.col("start") - pl.col("begin")).clip(0))
    )
    last = mentions.group_by("row").agg(pl.col("end").max())
    after = rows.join(last, on="row", how="left", maintain_order="left")
    after = after.select("row", "id", gap=pl.col("text").str.slice(pl.col("end").fill_null(0)))
    return pl.concat([before, after]).filter(pl.col("gap").str.len_bytes() > 0)
