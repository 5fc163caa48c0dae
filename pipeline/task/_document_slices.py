"""The share of documents that are right, by length, source and groups, and how well probabilities say it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.task._calibration import calibration
from pipeline.task._mentions import Row, rows_of
from pipeline.task._scores import Draws, Rows, share_rows
from pipeline.task._slices import DOCUMENT_LENGTHS, Cell, by_group, file_of, length_name, length_names, sliced

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def document_tables(test: pa.Table, right: Sequence[bool], draws: Draws) -> dict[str, Rows]:
    """Tables of accuracy with intervals; a table without rows is left out.

    Length is in words between white space; in characters that are not white space where there is less than one word
    to ten of them, as in Chinese.
    """
    rows = rows_of(test)

    def show(column: str, names: Sequence[str], total: NDArray[np.float64], drawn: NDArray[np.float64]) -> Rows:
        return share_rows(names, total, drawn, column, "accuracy")

    def cells(names: Sequence[str]) -> list[Cell]:
        found = [(i, name, column) for i, name in enumerate(names) if name for column in (0, 1)]
        return [cell for cell in found if cell[2] or right[cell[0]]]

    lengths = [length_name(_length(row), DOCUMENT_LENGTHS) for row in rows]
    grouped = [(i, row.groups, c) for i, row in enumerate(rows) for c in (0, 1) if c or right[i]]
    tables = {
        "Documents by length": sliced(
            cells(lengths), draws, 2, length_names(DOCUMENT_LENGTHS), partial(show, "length")
        ),
        "Documents by source": sliced(
            cells([file_of(row.source) for row in rows]), draws, 2, (), partial(show, "source")
        ),
        "Documents by group": by_group(grouped, draws, 2, partial(show, "value")),
    }
    return {title: found for title, found in tables.items() if found}


def document_calibration(
    probabilities: Sequence[float | None], right: Sequence[bool], draws: Draws
) -> tuple[dict[str, float], dict[str, Rows]]:
    """`calibration_error` and its table; nothing where a document has no probability."""
    given = [p for p in probabilities if p is not None]
    if not given or len(given) < len(probabilities):
        return {}, {}
    error, rows = calibration(given, right, range(len(given)), draws)
    return {"calibration_error": error}, {"Reliability of documents": rows}


def _length(row: Row) -> int:
    words, characters = len(row.text.split()), sum(not c.isspace() for c in row.text)
    return words if 10 * words >= characters else characters
