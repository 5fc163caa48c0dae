"""Text that is used beside the splits, without annotation: nothing of it may say what is tested."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline.duplicates import nearest, sketch, text_keys


def beside(more: pa.Table, documents: pa.Table, apart: float | None) -> tuple[pa.Table, dict[str, int]]:
    """Of `more` what may be trained on beside `documents` (both of the schema DOCUMENTS), and how many may not, by why.

    - `held_out_group`: the document's group is in validation or test.
    - `same_text`: its text stands in the splits, or in an earlier one of `more`, by id.
    - `near_held_out`: as similar as `apart` (0.5 where that is null) to a document of validation or test.
    """
    whys = ("held_out_group", "same_text", "near_held_out")
    if not more.num_rows:
        return more, dict.fromkeys(whys, 0)
    rows = _grouped(more).with_row_index("row").with_columns(key=text_keys(more["text"])).sort("id", "row")
    divided = _grouped(documents).with_columns(key=text_keys(documents["text"]))
    held = divided.filter(pl.col("split") != "train")
    grouped = rows.filter(~pl.col("group").is_in(held["group"].unique().implode()))
    fresh = grouped.filter(~pl.col("key").is_in(divided["key"].unique().implode()) & pl.col("key").is_first_distinct())
    texts = pl.concat([fresh["text"], held["text"]])
    at = np.arange(len(texts))
    near = nearest(sketch(texts), at[: fresh.height], at[fresh.height :], 0.5 if apart is None else apart).right
    kept = fresh.filter(~pl.Series(np.isin(np.arange(fresh.height), near)))
    left = [rows.height, grouped.height, fresh.height, kept.height]
    counts = {why: a - b for why, (a, b) in zip(whys, pairwise(left), strict=True)}
    return more.take(pa.array(kept["row"].sort().to_numpy())), counts


def _grouped(documents: pa.Table) -> pl.DataFrame:
    rows = pl.DataFrame(documents.select(["id", "group_id", "split", "text"]))
    return rows.with_columns(group=pl.when(pl.col("group_id") == "").then("id").otherwise("group_id"))
