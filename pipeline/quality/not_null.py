"""Nothing is missing where something has to stand."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any, ClassVar, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from pipeline.errors import did_you_mean
from pipeline.frames import DOCUMENTS, Frame, to_row, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
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
        found = {name: documents[name].null_count for name in self.columns}
        nulls: dict[str, Json] = {name: count for name, count in found.items() if count}
        count = sum(found.values())
        report = measure(documents.num_rows, [Number("nulls", count, at_most=0)])
        message = f"{count} values of {', '.join(self.columns)} are null in {documents.num_rows} documents"
        if nulls:
            message += f" ({', '.join(f'{n}: {name}' for name, n in nulls.items())}): repair the source or the step"
        evidence: dict[str, Json] = {"nulls": nulls, "ids": _ids(documents, list(nulls))}
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


def _ids(documents: pa.Table, columns: list[str]) -> list[Json]:
    """Of the first rows in which one of the columns is null."""
    empty = [pc.is_null(documents[name]) for name in columns]
    rows = documents.filter(reduce(pc.or_, empty)) if empty else documents.slice(0, 0)
    return [str(id_) for id_ in rows["id"].slice(0, EVIDENCE_IDS).to_pylist()]
