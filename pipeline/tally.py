"""Counts rows as they pass: what every version's manifest says of its documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.types import Json


class Tally:
    """Documents, characters, spans and labels of the batches that went through `counted`."""

    def __init__(self) -> None:
        self.documents = 0
        self.characters = 0
        self.by: dict[str, Counter[str]] = {name: Counter() for name in ("split", "label", "spans", "operation")}

    def counted(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same batches, counted on their way."""
        for batch in batches:
            self._add(batch)
            yield batch

    def facts(self) -> dict[str, Json]:
        """The counts; a kind that never occurred is left out."""
        counts: dict[str, Json] = {"documents": self.documents, "characters": self.characters}
        return counts | {f"by_{name}": dict(sorted(c.items())) for name, c in self.by.items() if c}

    def _add(self, batch: pa.RecordBatch) -> None:
        self.documents += batch.num_rows
        self.characters += pc.sum(pc.utf8_length(batch.column("text"))).as_py() or 0
        self._count("split", batch.column("split"))
        self._count("label", batch.column("label"))
        self._count("spans", pc.struct_field(batch.column("spans").flatten(), "label"))
        self._count("operation", pc.struct_field(batch.column("lineage"), "operation"))

    def _count(self, name: str, values: pa.Array) -> None:
        for pair in pc.value_counts(pc.drop_null(values)).to_pylist():
            self.by[name][pair["values"]] += pair["counts"]
