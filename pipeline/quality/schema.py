"""The columns are those that every stage writes."""

from __future__ import annotations

from typing import ClassVar

import pyarrow as pa

from pipeline.frames import DOCUMENTS, Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import Number, measure
from pipeline.types import Document, Json, Verdict

_LIMIT = "at most 0"


class Schema(Gate):
    """The table's columns are exactly the documents' schema: names, order and types. Observed: columns that differ.

    A swapped pair of columns is two differences. The limit is 0: every reader after this relies on the schema.

    >>> Schema().check(Schema.bad()).evidence["differences"]
    ["column 2 is 'language', not 'text'", "column 3 is 'text', not 'language'"]
    """

    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        differences = _differences(frame.documents.schema)
        report = measure(frame.documents.num_rows, [Number("differences", len(differences), at_most=0)])
        message = f"all {len(DOCUMENTS)} columns are as they have to be"
        if differences:
            message = f"{'; '.join(differences[:3])}: write the table with the schema of pipeline/frames.py"
        evidence: dict[str, Json] = {"differences": list(differences)}
        return self.verdict(report.outcome, len(differences), _LIMIT, report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return Frame(to_table([Document("a", "Anna met Bo.", "en")]))

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        names = DOCUMENTS.names
        names[1:3] = names[2], names[1]
        return Frame(cls.good().documents.select(names))


def _differences(found: pa.Schema) -> list[str]:
    """A line for each column that is missing, too many, at another place or of another type."""
    lines = [f"{name!r} is missing" for name in DOCUMENTS.names if name not in found.names]
    lines += [f"{name!r} is one too many" for name in dict.fromkeys(found.names) if name not in DOCUMENTS.names]
    if not lines and len(found) == len(DOCUMENTS):
        pairs = enumerate(zip(found.names, DOCUMENTS.names, strict=True), 1)
        lines += [f"column {n} is {there!r}, not {wanted!r}" for n, (there, wanted) in pairs if there != wanted]
    lines += [f"{name!r} stands twice" for name in dict.fromkeys(found.names) if found.names.count(name) > 1]
    for field in DOCUMENTS:
        at = found.get_all_field_indices(field.name)
        lines += [
            f"{field.name!r} is {found.field(n).type}, not {field.type}"
            for n in at
            if found.field(n).type != field.type
        ]
    return lines
