"""Documents as Arrow tables and back, and what a gate looks at.

One row is one document. The schema is the contract of every `documents.parquet`; `rejected.parquet` has two columns
more, `step` and `reason`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast

import pyarrow as pa

from pipeline.types import Document, Lineage, Rejected, Span

BATCH_ROWS = 2048

_GROUPS = pa.map_(pa.string(), pa.string())
_SPAN = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string()), ("groups", _GROUPS)])
_TOKEN = pa.struct([("start", pa.int32()), ("end", pa.int32())])
_LINEAGE = pa.struct(
    [("operation", pa.string()), ("settings", pa.string()), ("seed", pa.int64()), ("parents", pa.list_(pa.string()))]
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
    ],
    metadata={"version": "1", "offsets": "unicode code points, half open"},
)
REJECTED = DOCUMENTS.append(pa.field("step", pa.string(), nullable=False)).append(
    pa.field("reason", pa.string(), nullable=False)
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What a gate judges: one version's rows and numbers.

    `documents` has the schema DOCUMENTS, `rejected` the schema REJECTED. For a checkpoint, `documents` are the test
    documents, `predictions` has one row each in the same order (columns `id`, and what the task adds) and `metrics` are
    the task's numbers. `labels` are the labels that the recipe's task names.
    """

    documents: pa.Table
    rejected: pa.Table = field(default_factory=lambda: REJECTED.empty_table())
    predictions: pa.Table | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    labels: tuple[str, ...] = ()


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
        else [{"start": s.start, "end": s.end, "label": s.label, "groups": list(s.groups.items())} for s in document.spans],
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
        },
        "weight": document.weight,
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
        else Lineage(lineage["operation"], lineage["settings"], lineage["seed"], tuple(lineage["parents"])),
        weight=row["weight"],
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


def digest(table: pa.Table) -> str:
    """SHA-256 of a table's content, independent of how it is chunked, compressed or stored."""
    sha = hashlib.sha256()
    flat = table.combine_chunks()
    sha.update(flat.schema.remove_metadata().to_string().encode())
    for at in range(0, flat.num_rows, BATCH_ROWS):
        for batch in flat.slice(at, BATCH_ROWS).to_batches():
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, batch.schema.remove_metadata()) as stream:
                stream.write_batch(batch.replace_schema_metadata(None))
            sha.update(memoryview(cast(Any, sink.getvalue())))
    return sha.hexdigest()
