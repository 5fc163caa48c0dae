"""Nothing is missing where something has to stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from pipeline.errors import did_you_mean
from pipeline.frames import DOCUMENTS, Frame, to_row, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import Expectation, expect
from pipeline.types import Document, Json, Verdict

_REQUIRED = tuple(field.name for field in DOCUMENTS if not field.nullable)


class NotNull(Gate):
    """No value of `columns` is null. Observed: nulls. The default columns are those that no stage may leave empty.

    Name `label`, `spans`, `split` or `tokens` besides where the recipe needs them; an empty string is no null.
    """

    example: ClassVar[Mapping[str, Any]] = {"columns": ("text", "label")}
    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    columns: tuple[str, ...] = Field(_REQUIRED, min_length=1)

    @model_validator(mode="after")
    def _are_columns(self) -> Self:
        for name in self.columns:
            if name not in DOCUMENTS.names:
                raise ValueError(f"there is no column {name!r}; {did_you_mean(name, DOCUMENTS.names)}")
        return self

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        documents = frame.documents
        there = {name: _there(documents[name]) for name in self.columns}
        table = pa.table({"id": documents["id"].cast(pa.string()), **{f"{k} is there": v for k, v in there.items()}})
        is_there = [Expectation("ExpectColumnValuesToBeInSet", f"{k} is there", {"value_set": [True]}) for k in there]
        report = expect(table, is_there, chunk_rows=table.num_rows)
        nulls: dict[str, Json] = {name: column.null_count for name, column in there.items() if column.null_count}
        count = sum(column.null_count for column in there.values())
        message = f"{count} values of {', '.join(self.columns)} are null in {documents.num_rows} documents"
        if nulls:
            message += f" ({', '.join(f'{n}: {name}' for name, n in nulls.items())}): repair the source or the step"
        evidence: dict[str, Json] = {"nulls": nulls, "ids": list(report.ids)}
        return self.verdict(report.outcome, count, "at most 0", report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return Frame(to_table([Document("a", "Anna met Bo.", label="good"), Document("b", "", label="")]))

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        rows = [to_row(Document("a", "Anna met Bo.", label="good")), to_row(Document("b", "Bo.", label=None))]
        return Frame(pa.Table.from_pylist(rows, schema=DOCUMENTS))


def _there(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """True or null: whatever the column holds, only that is looked at."""
    return pc.if_else(pc.is_valid(column), True, pa.scalar(None, pa.bool_()))
