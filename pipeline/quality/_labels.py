"""Which labels the documents of a table carry, as one long table."""

from __future__ import annotations

import polars as pl
import pyarrow as pa


def labels_in(documents: pa.Table) -> pl.DataFrame | None:
    """One row a label, columns `id`, `split`, `label`; None where no document is annotated.

    Where any document has spans, spans are the annotation, and a document's own label (a topic, say) is not counted.
    """
    frame = pl.DataFrame(documents.select(["id", "split", "label", "spans"]))
    if frame["spans"].null_count() == frame.height:
        annotated = frame.filter(pl.col("label").is_not_null())
        return annotated.drop("spans") if annotated.height else None
    names = pl.col("spans").list.eval(pl.element().struct.field("label")).alias("label")
    spans = frame.filter(pl.col("spans").is_not_null()).select("id", "split", names)
    return spans.explode("label", empty_as_null=False, keep_nulls=True)
