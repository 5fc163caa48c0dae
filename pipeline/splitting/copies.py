"""Which documents are dropped because another one says the same, before anything is divided."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.duplicates import Sketch, text_keys, thinned
from pipeline.duplicates.signatures import Rows

Sketcher = Callable[[pl.Series], Sketch]
REJECTION = {"kind": pl.String, "near_row": pl.Int64, "similarity": pl.Float64, "reason": pl.String}


def rejections(
    rows: Rows, kind: str, near: Rows | None = None, similarity: NDArray[np.float64] | None = None
) -> pl.DataFrame:
    """Rows to reject: why, because of which row, and how similar the two are."""
    near_row, alike = (None if x is None else pl.Series(x) for x in (near, similarity))
    columns = {"row": pl.Series(rows, dtype=pl.Int64), "near_row": near_row, "similarity": alike}
    made = pl.DataFrame({**columns, "kind": pl.Series([kind], dtype=pl.String).new_from_index(0, len(rows))})
    return made.select("row", *(pl.col(n).cast(t) for n, t in REJECTION.items() if n != "reason"))


def same_id(rows: pl.DataFrame, texts: pa.ChunkedArray) -> pl.DataFrame:
    """Of documents with one id all but the first by `group_id`, source and text; `reason` names the first's place."""
    twice = rows.filter(pl.col("id").is_duplicated())
    at = pa.array(twice["row"].to_list(), pa.int64())
    twice = twice.with_columns(text=pl.Series(values=texts.take(at), dtype=pl.String))
    twice = twice.sort("id", "group_id", "source", "text", "row")
    first = pl.col("source").first().over("id")
    reason = pl.format(
        "the id stands twice; the first is in {}", pl.when(first == "").then(pl.lit("?")).otherwise(first)
    )
    again = twice.with_columns(reason=reason, kind=pl.lit("id")).filter(pl.int_range(pl.len()).over("id") > 0)
    return again.select("row", "kind", "reason")


def same_text(order: Rows, texts: pl.Series) -> pl.DataFrame:
    """Of rows with one text (`text_keys`) all but the first in `order`."""
    keyed = pl.DataFrame({"row": order, "key": text_keys(texts.gather(order))})
    first = pl.col("row").first().over("key")
    again = keyed.with_columns(near=first).filter(pl.col("row") != pl.col("near"))
    return rejections(again["row"].to_numpy(), "exact", again["near"].to_numpy(), np.ones(again.height))


def near_text(order: Rows, texts: pl.Series, at_least: float | None, sketcher: Sketcher) -> tuple[pl.DataFrame, Sketch]:
    """Of rows that are as similar as `at_least` all but the first in `order`; and the sketch of all rows in `order`.

    Row r of the sketch is the document at `order[r]`.
    """
    found = sketcher(texts.gather(order))
    if at_least is None:
        return rejections(order[:0], "near"), found
    pairs = thinned(found, np.arange(len(order)), at_least)
    return rejections(order[pairs.right], "near", order[pairs.left], pairs.similarity), found
