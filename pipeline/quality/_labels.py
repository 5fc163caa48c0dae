"""Which labels the documents of a table carry, as one long table."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl
import pyarrow as pa

BETWEEN = "|"  # stands between the labels of a document that has several


def labels_in(documents: pa.Table, labels: Collection[str] = ()) -> pl.DataFrame | None:
    """One row a label, columns `id`, `split`, `label`; None where no document is annotated.

    Where any document has spans, spans are the annotation, and a document's own label (a topic, say) is not counted:
    but not where documents have labels of the task (`labels`) and no span has. Then spans say which part of a text is
    what. A document's label that is none of the task's is cut at `|`, and an empty one is no label: it has several.
    """
    frame = pl.DataFrame(documents.select(["id", "split", "label", "spans"]))
    own = frame.filter(pl.col("label").is_not_null()).drop("spans")
    names = pl.col("spans").list.eval(pl.element().struct.field("label")).alias("label")
    spans = frame.filter(pl.col("spans").is_not_null()).select("id", "split", names)
    spans = spans.explode("label", empty_as_null=False, keep_nulls=True)
    if frame["spans"].null_count() == frame.height:
        return _cut(own, labels) if own.height else None
    if labels and not spans["label"].is_in(list(labels)).any():
        cut = _cut(own, labels)
        if cut["label"].is_in(list(labels)).any():
            return cut
    return spans


def _cut(own: pl.DataFrame, labels: Collection[str]) -> pl.DataFrame:
    if not labels:
        return own
    whole = pl.col("label").is_in(list(labels))
    several = pl.when(whole).then(pl.concat_list("label")).otherwise(pl.col("label").str.split(BETWEEN))
    return own.with_columns(label=several).explode("label").filter(pl.col("label") != "")
