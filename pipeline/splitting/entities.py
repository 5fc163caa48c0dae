"""No mention of a held-out document in train: which documents go."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.duplicates import text_keys

MENTION = ["label", "key"]


def mentions(documents: pa.Table) -> pl.DataFrame:
    """Every span: `at` (the row in `documents`), `start`, `end`, `label`, and its text as `surface`."""
    spans = documents["spans"].combine_chunks()
    flat = spans.flatten()
    fields = {name: pl.Series(pc.struct_field(flat, name)) for name in ("label", "start", "end")}
    found = pl.DataFrame({"at": pl.Series(pc.list_parent_indices(spans)).cast(pl.Int64), **fields})
    texts = pl.DataFrame(documents.select(["text"])).with_row_index("at").with_columns(pl.col("at").cast(pl.Int64))
    found = found.join(texts, on="at", how="left", maintain_order="left")
    surface = pl.col("text").str.slice(pl.col("start"), pl.col("end") - pl.col("start"))
    return found.select("at", "start", "end", "label", surface=surface)


def in_the_way(documents: pa.Table, places: pl.Series) -> pl.DataFrame:
    """Documents to reject so that train and the held-out parts share no mention: `at`, `mention`, `near_at`.

    Of the documents of train that hold a mention and the held-out ones that hold it the fewer go; where they are as
    many, those of train. Mentions that cost least come first, then by label and surface; `near_at` is a document of the
    other side that holds the mention.
    """
    found = mentions(documents)
    held = found.with_columns(key=text_keys(found["surface"])).unique(
        ["at", *MENTION], keep="first", maintain_order=True
    )
    held = held.with_columns(train=places.gather(held["at"]) == "train")
    ids = pl.Series(documents["id"])
    ordered = held.with_columns(id=ids.gather(held["at"])).sort("id")  # not by the row: their order does not matter
    sides = ordered.group_by(MENTION, maintain_order=True).agg(
        pl.col("at").filter("train").alias("train"), pl.col("at").filter(~pl.col("train")).alias("held")
    )
    both = sides.filter((pl.col("train").list.len() > 0) & (pl.col("held").list.len() > 0))
    cost = pl.min_horizontal(pl.col("train").list.len(), pl.col("held").list.len())
    gone: dict[int, tuple[str, int]] = {}
    for label, key, train, others in both.sort(cost, *MENTION).select(*MENTION, "train", "held").iter_rows():
        here, there = ([at for at in side if at not in gone] for side in (train, others))
        if here and there:
            fewer, more = (here, there) if len(here) <= len(there) else (there, here)
            gone.update(dict.fromkeys(fewer, (f"{key} ({label})", more[0])))
    columns = {"at": list(gone), "mention": [m for m, _ in gone.values()], "near_at": [n for _, n in gone.values()]}
    return pl.DataFrame(columns, schema={"at": pl.Int64, "mention": pl.String, "near_at": pl.Int64})
