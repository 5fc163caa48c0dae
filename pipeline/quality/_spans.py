"""What is wrong with the spans of a table, one row a fault."""

from __future__ import annotations

import polars as pl

_START, _END, _TEXT = pl.col("start"), pl.col("end"), pl.col("text")


def span_faults(rows: pl.DataFrame) -> pl.DataFrame:
    """Columns `row` and `fault` of every span at fault, from rows with `row`, `text` and `spans` (none null)."""
    spans = _exploded(rows.select("row", "text", "spans"), "spans")
    inside = (_START >= 0) & (_TEXT.str.len_chars() >= _END)
    surface = _TEXT.str.slice(_START.clip(0), (_END - _START).clip(0))  # counts code points, as offsets do
    fault = (
        pl.when(_START.is_null() | _END.is_null())
        .then(pl.lit("without offsets"))
        .when(_START >= _END)
        .then(pl.lit("empty"))
        .when(~inside)
        .then(pl.lit("outside of the text"))
        .when(surface != surface.str.strip_chars())
        .then(pl.lit("with white space at an edge"))
        .when((_END.shift(1).over("row") > _START).fill_null(value=False))
        .then(pl.lit("over the span before"))
    )
    return spans.sort("row", "start", "end").select("row", fault=fault).drop_nulls("fault")


def off_tokens(rows: pl.DataFrame) -> pl.DataFrame:
    """Columns `row` and `fault` of every span whose start is no token's start or whose end is no token's end.

    Also of every span that begins before the one before it ends: two tags would stand on one token. From rows with
    `row`, `spans` and `tokens` (none null).
    """
    spans = _exploded(rows.select("row", "spans"), "spans").sort("row", "start", "end")
    tokens = _exploded(rows.select("row", "tokens"), "tokens")
    first, last = (_at(spans, name).is_in(_at(tokens, name).implode()) for name in ("start", "end"))
    found = spans.with_columns(first=first, last=last)
    fault = (
        pl.when(_START.is_null() | _END.is_null())
        .then(pl.lit("without offsets"))
        .when(_START >= _END)
        .then(pl.lit("empty"))
        .when(~pl.col("first"))
        .then(pl.lit("begins inside of a token"))
        .when(~pl.col("last"))
        .then(pl.lit("ends inside of a token"))
        .when((_END.shift(1).over("row") > _START).fill_null(value=False))
        .then(pl.lit("over the span before"))
    )
    return found.select("row", fault=fault).drop_nulls("fault")


def _at(items: pl.DataFrame, name: str) -> pl.Series:
    """One number for a row and an offset in it: bio_valid takes 0.26 s for 100,000 sentences so, with joins 1.0 s."""
    return items.select(pl.col("row").cast(pl.Int64) * 2**32 + pl.col(name)).to_series()


def counts_of(faults: pl.DataFrame) -> dict[str, int]:
    """How many faults of each kind, by kind.

    >>> counts_of(pl.DataFrame({"row": [1, 2, 2], "fault": ["empty", "empty", "without offsets"]}))
    {'empty': 2, 'without offsets': 1}
    """
    return dict(sorted(faults["fault"].value_counts().rows()))


def _exploded(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """One row an item of a list column, with its `start` and `end` in place of the list."""
    items = rows.explode(column, empty_as_null=False, keep_nulls=True)
    fields = (pl.col(column).struct.field(name) for name in ("start", "end"))
    return items.select(pl.exclude(column), *fields)
