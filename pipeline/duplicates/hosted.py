"""The shingle sets and signatures of texts, made by the engine: on every core here, or on every node of a cluster."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.duplicates.near import Sketch, sketch
from pipeline.duplicates.shingles import Shingles
from pipeline.duplicates.signatures import PLACES
from pipeline.engine import mapped
from pipeline.frames import BATCH_ROWS

_TEXTS = pa.schema([pa.field("text", pa.large_string())])
_SKETCHES = pa.schema([pa.field("hashes", pa.list_(pa.uint32())), pa.field("signed", pa.list_(pa.uint32(), PLACES))])


def hosted_sketch(texts: pl.Series, folder: Path) -> Sketch:
    """What `sketch` gives of texts; they lie in a file of `folder`, which every node has to see, meanwhile."""
    file = folder / "texts.parquet"
    pq.write_table(pa.table([texts.to_arrow()], schema=_TEXTS), file, row_group_size=BATCH_ROWS)
    hashes, sizes = [np.empty(0, np.uint32)], [np.zeros(1, np.int64)]
    signed = [np.empty((0, PLACES), np.uint32)]
    for batch in mapped(file, _sketched, _SKETCHES):
        hashes.append(batch.column("hashes").flatten().to_numpy())
        sizes.append(np.diff(batch.column("hashes").offsets.to_numpy()))
        signed.append(batch.column("signed").flatten().to_numpy().reshape(-1, PLACES))
    file.unlink()
    return Sketch(Shingles(np.concatenate(hashes), np.cumsum(np.concatenate(sizes))), np.concatenate(signed), 0)


def _sketched(rows: pa.RecordBatch) -> pa.RecordBatch:
    made = sketch(pl.Series("text", rows.column("text")))
    hashes = pa.ListArray.from_arrays(made.sets.offsets.astype(np.int32), made.sets.hashes)
    signed = pa.FixedSizeListArray.from_arrays(made.signed.reshape(-1), PLACES)
    return pa.RecordBatch.from_arrays([hashes, signed], schema=_SKETCHES)
