"""Documents as Arrow tables and back, and what a gate looks at.

One row is one document. The schema is the contract of every `documents.parquet`; `rejected.parquet` has two columns
more, `step` and `reason`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.types import Document, Lineage, Piece, Rejected, Span

BATCH_ROWS = 2048

_GROUPS = pa.map_(pa.string(), pa.string())
_SPAN = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string()), ("groups", _GROUPS)])
_TOKEN = pa.struct([("start", pa.int32()), ("end", pa.int32())])
_PIECE = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("text", pa.string()), ("parent", pa.int32())])
_LINEAGE = pa.struct(
    [
        ("operation", pa.string()),
        ("settings", pa.string()),
        ("seed", pa.int64()),
        ("parents", pa.list_(pa.string())),
        ("pieces", pa.list_(_PIECE)),
    ]
)

DOCUMENTS = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("spans", pa.list_(_SPAN)),
        pa.field("label", pa.string()),
        pa.field("groups", _GROUPS, nullable=False),
        pa.field("split", pa.string()),
        pa.field("tokens", pa.list_(_TOKEN)),
        pa.field("lineage", _LINEAGE),
        pa.field("weight", pa.float32(), nullable=False),
        pa.field("licence", pa.string(), nullable=False),
    ],
    metadata={"version": "3", "offsets": "unicode code points, half open"},
)
REJECTED = DOCUMENTS.append(pa.field("step", pa.string(), nullable=False)).append(
    pa.field("reason", pa.string(), nullable=False)
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What a gate judges: one version's rows and numbers.

    `documents` has the schema DOCUMENTS, `rejected` the schema REJECTED. For a checkpoint, `documents` are the test
    documents, `predictions` has one row each in the same order (columns `id`, and what the task adds) and `metrics` are
    the task's numbers; `counterfactual` are copies of test documents with names or terms of other groups in them, and
    the predictions of those. `labels` are the labels that the recipe's task names. For an augmented version `held_out`
    are the documents of validation and test.
    """

    documents: pa.Table
    rejected: pa.Table = field(default_factory=lambda: REJECTED.empty_table())
    predictions: pa.Table | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    held_out: pa.Table | None = None
    counterfactual: Frame | None = None


def to_row(document: Document) -> dict[str, Any]:
    """One document as a row of the schema DOCUMENTS."""
    lineage = document.lineage
    return {
        "id": document.id,
        "text": document.text,
        "language": document.language,
        "source": document.source,
        "group_id": document.group_id,
        "spans": None
        if document.spans is None
        else [
            {"start": s.start, "end": s.end, "label": s.label, "groups": list(s.groups.items())} for s in document.spans
        ],
        "label": document.label,
        "groups": list(document.groups.items()),
        "split": document.split,
        "tokens": None if document.tokens is None else [{"start": a, "end": b} for a, b in document.tokens],
        "lineage": None
        if lineage is None
        else {
            "operation": lineage.operation,
            "settings": lineage.settings,
            "seed": lineage.seed,
            "parents": list(lineage.parents),
            "pieces": [{"start": p.start, "end": p.end, "text": p.text, "parent": p.parent} for p in lineage.pieces],
        },
        "weight": document.weight,
        "licence": document.licence,
    }


def from_row(row: Mapping[str, Any]) -> Document:
    """The document of a row as `RecordBatch.to_pylist` gives it."""
    lineage = row["lineage"]
    return Document(
        id=row["id"],
        text=row["text"],
        language=row["language"],
        source=row["source"],
        group_id=row["group_id"],
        spans=None
        if row["spans"] is None
        else tuple(Span(s["start"], s["end"], s["label"], dict(s["groups"] or ())) for s in row["spans"]),
        label=row["label"],
        groups=dict(row["groups"]),
        split=row["split"],
        tokens=None if row["tokens"] is None else tuple((t["start"], t["end"]) for t in row["tokens"]),
        lineage=None
        if lineage is None
        else Lineage(
            lineage["operation"],
            lineage["settings"],
            lineage["seed"],
            tuple(lineage["parents"]),
            tuple(Piece(**piece) for piece in lineage.get("pieces") or ()),
        ),
        weight=row["weight"],
        licence=row["licence"],
    )


def to_batch(documents: Iterable[Document]) -> pa.RecordBatch:
    """Documents as one record batch."""
    return pa.RecordBatch.from_pylist([to_row(d) for d in documents], schema=DOCUMENTS)


def to_batches(documents: Iterable[Document], rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """Documents as record batches of at most `rows` rows."""
    iterator = iter(documents)
    while chunk := list(islice(iterator, rows)):
        yield to_batch(chunk)


def to_table(documents: Iterable[Document]) -> pa.Table:
    """Documents as one table; an empty one has the schema all the same."""
    return pa.Table.from_batches(list(to_batches(documents)), schema=DOCUMENTS)


def rejected_batch(rejected: Iterable[Rejected]) -> pa.RecordBatch:
    """Rejected documents as one record batch of the schema REJECTED."""
    rows = [{**to_row(r.document), "step": r.step, "reason": r.reason} for r in rejected]
    return pa.RecordBatch.from_pylist(rows, schema=REJECTED)


def documents_of(data: pa.Table | pa.RecordBatch) -> Iterator[Document]:
    """The documents of a table or a batch, one chunk in memory at a time."""
    batches = data.to_batches(max_chunksize=BATCH_ROWS) if isinstance(data, pa.Table) else [data]
    for batch in batches:
        for row in batch.to_pylist():
            yield from_row(row)


def one_batch(table: pa.Table) -> pa.RecordBatch:
    """The rows of a table that is not empty as one record batch."""
    return pa.concat_batches(table.to_batches())


def row_groups(file: pq.ParquetFile, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of a Parquet file, one row group in memory at a time; `iter_batches` holds 60 MiB more."""
    for group in range(file.metadata.num_row_groups):
        yield from file.read_row_group(group, columns, use_threads=False).to_batches()


def rebatch(batches: Iterable[pa.RecordBatch], rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of exactly `rows` rows; the last may be shorter."""
    held: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        held.append(batch)
        count += batch.num_rows
        while count >= rows:
            flat = pa.concat_batches(held)
            yield flat.slice(0, rows)
            held, count = [flat.slice(rows)], count - rows
    if count:
        yield pa.concat_batches(held)


class Digest:
    """SHA-256 of rows as they pass, independent of how they are chunked, compressed or stored."""

    def __init__(self) -> None:
        self._sha = hashlib.sha256()

    def add(self, batch: pa.RecordBatch) -> None:
        """Count one batch in; all batches but the last must come from `rebatch`."""
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            self._sha.update(f"{name}\0{batch.num_rows}\0".encode())
            _feed(self._sha.update, column)

    def hex(self) -> str:
        """The digest of what was counted in so far."""
        return self._sha.hexdigest()


def _feed(update: Callable[[bytes | memoryview], None], values: Any) -> None:
    """The values themselves, not their buffers: which values are null, how long the lists are, then the leaves."""
    kind = values.type
    update(pc.is_valid(values).cast(pa.uint8()).to_numpy().tobytes())
    if pa.types.is_map(kind):
        values = values.cast(pa.list_(pa.struct([("key", kind.key_type), ("value", kind.item_type)])))
        kind = values.type
    if pa.types.is_list(kind):
        update(pc.fill_null(pc.list_value_length(values), 0).to_numpy().tobytes())
        _feed(update, values.flatten())
    elif pa.types.is_struct(kind):
        for child in values.flatten():
            _feed(update, child)
    elif pa.types.is_string(kind):
        texts = pc.fill_null(values, "")
        update(pc.binary_length(texts).to_numpy().tobytes())
        for piece in _bytes_of(texts):
            update(piece)
    else:
        update(pc.fill_null(values, 0).to_numpy().tobytes())


def _bytes_of(texts: Any) -> Iterator[memoryview]:
    """The UTF-8 of the texts one after another, the array's own buffers."""
    for chunk in texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]:
        _, offsets, data = chunk.buffers()
        if data is not None and len(chunk):
            bounds = np.frombuffer(offsets, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
            yield memoryview(data)[bounds[0] : bounds[-1]]


def digest(table: pa.Table) -> str:
    """SHA-256 of a table's content, independent of how it is chunked, compressed or stored."""
    total = Digest()
    for batch in rebatch(table.to_batches()):
        total.add(batch)
    return total.hex()
