"""What the gates before training look at: the training documents, their root documents, and the group of each text."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.fairness._groups import UNKNOWN, document_groups, mentions

MIN_ROOTS = 10  # a bootstrap over fewer clusters is too narrow (Cameron, Gelbach & Miller 2008)


def training(documents: pa.Table) -> pa.Table:
    """The training documents; all of them where none has a split yet."""
    if documents["split"].null_count == documents.num_rows:
        return documents
    return documents.filter(pc.fill_null(pc.equal(documents["split"], "train"), False))


def roots(documents: pa.Table) -> pl.Series:
    """The root document of each, its own id where it has none: drawn by the bootstrap; a word counts once in each."""
    ids = pl.DataFrame(documents.select(["id", "group_id"]))
    return ids.select(pl.when(pl.col("group_id") == "").then("id").otherwise("group_id").alias("unit")).to_series()


def text_groups(documents: pa.Table, by: str) -> pl.Series:
    """The group of each text: the document's own, else that of its spans; `unknown` where they have several."""
    own = document_groups(documents, by)
    spans = mentions(documents, by).filter(pl.col("group") != UNKNOWN)
    one = spans.group_by("row").agg(pl.col("group").n_unique().alias("n"), pl.col("group").first().alias("of_spans"))
    texts = pl.DataFrame({"row": range(documents.num_rows), "own": own}, schema={"row": pl.Int64, "own": pl.String})
    found = texts.join(one.filter(pl.col("n") == 1), on="row", how="left", maintain_order="left")
    said = pl.when(pl.col("own") != UNKNOWN).then("own").otherwise(pl.col("of_spans").fill_null(UNKNOWN))
    return found.select(said.alias("group")).to_series()
