"""Ledger: where every document is and why, and what of the tested has been trained on."""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import leakage
from pipeline.draft import Draft
from pipeline.frames import DOCUMENTS
from pipeline.recipe import Recipe, gate_set
from pipeline.stages._versions import version_of
from pipeline.stages.split import PLACEMENT
from pipeline.store import Store
from pipeline.work import Work

LEDGER_FILE = "ledger.parquet"
LEDGER = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("unit", pa.string()),
        pa.field("split", pa.string()),
        pa.field("step", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("why", pa.string(), nullable=False),
        pa.field("near_of", pa.string()),
        pa.field("similarity", pa.float64()),
        pa.field("shipped", pa.string()),
    ]
)


def ledger(recipe: Recipe, store: Store) -> Work:
    """Ledger: a row for every document that came into splits, kept or rejected; leakage as shipped and as split.

    `split` is null for what was rejected, by `step`; `near_of` and `similarity` name the document that was the reason;
    `shipped` is the split that the source gave.
    """
    version, record = store.read(recipe.place("splits"), gate_set(recipe.gates, "splits"))

    def write(draft: Draft) -> dict[str, Any]:
        kept, rejected = store.audit_documents(version), store.audit_documents(version, "rejected.parquet")
        placement = store.audit_documents(version, PLACEMENT)
        rows, facts = made_of(recipe, kept, rejected, placement)
        pq.write_table(rows, draft.folder / LEDGER_FILE, compression="zstd")
        draft.rows = rows.num_rows
        return facts

    return Work(recipe.place("ledger"), version_of(ledger, "ledger", recipe), (record,), (), write)


def made_of(
    recipe: Recipe, kept: pa.Table, rejected: pa.Table, placement: pa.Table
) -> tuple[pa.Table, dict[str, object]]:
    """(the rows, the facts of the manifest) of a ledger, from the three files of its splits."""
    rows = _rows(placement, rejected)
    counts = {f"by_{name}": _counts(rows[name]) for name in ("split", "step", "kind")}
    return rows, {"rows_in": rows.num_rows, **counts, "leakage": _leakage(recipe, kept, rejected, placement)}


def _rows(placement: pa.Table, rejected: pa.Table) -> pa.Table:
    """What was divided, and before it what annotation rejected: the first rows of `rejected`."""
    divided = pl.DataFrame(placement).with_columns(step=pl.lit("split"))
    before = rejected.num_rows - placement["split"].null_count
    early = pl.DataFrame(rejected.slice(0, before).select(["id", "group_id", "step", "reason", "split"]))
    early = early.rename({"reason": "why", "split": "shipped"}).with_columns(kind=pl.lit("annotation"))
    return pl.concat([early, divided], how="diagonal").select(LEDGER.names).to_arrow().cast(LEDGER)


def _leakage(recipe: Recipe, kept: pa.Table, rejected: pa.Table, placement: pa.Table) -> dict[str, object]:
    """`as_shipped` and `as_split` of the documents that were divided."""
    shipped = placement["shipped"].combine_chunks().slice(0, kept.num_rows)
    at = kept.column_names.index("split")
    divided = rejected.slice(rejected.num_rows - placement["split"].null_count).select(DOCUMENTS.names)
    came = pa.concat_tables([kept.set_column(at, DOCUMENTS.field("split"), shipped), divided.cast(DOCUMENTS)])
    if recipe.split.official:
        return leakage.compared(came, recipe.split)
    return {"as_shipped": leakage.shipped(came), "as_split": leakage.both_parts(kept)}


def _counts(values: pa.ChunkedArray) -> dict[str, int]:
    counted = pl.Series("value", values, dtype=pl.String).fill_null("rejected").value_counts(name="count")
    return dict(counted.sort("value").iter_rows())
