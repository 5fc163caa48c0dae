"""How good the answers for documents are, by length, source and groups, and how well probabilities say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.task._calibration import calibration
from pipeline.task._mentions import Row, rows_of
from pipeline.task._scores import Draws, Rows, share_rows
from pipeline.task._slices import DOCUMENT_LENGTHS, by_group, file_of, length_name, length_names, sliced

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def document_tables(
    test: pa.Table, amounts: NDArray[np.float64], values: Mapping[str, tuple[int, int]], draws: Draws, what: str
) -> dict[str, Rows]:
    """Tables "`what` by …" of values with intervals; a table without rows is left out.

    `amounts` has the shape (documents, columns), its last column 1 for each document. A value is the sum of its first
    column over the sum of its second, over the documents of a slice.

    Length is in words between white space; in characters that are not white space where there is less than one word
    to ten of them, as in Chinese.
    """
    rows, columns = rows_of(test), range(amounts.shape[1])

    def show(column: str, names: Sequence[str], total: NDArray[np.float64], drawn: NDArray[np.float64]) -> Rows:
        return _rows(column, values, names, total, drawn)

    def by(column: str, names: Sequence[str], order: Sequence[str] = ()) -> Rows:
        cells = [(i, name, at) for i, name in enumerate(names) if name for at in columns]
        return sliced(cells, draws, len(columns), order, partial(show, column), amounts)

    grouped = [(i, row.groups, at) for i, row in enumerate(rows) for at in columns]
    lengths = [length_name(_length(row), DOCUMENT_LENGTHS) for row in rows]
    tables = {
        f"{what} by length": by("length", lengths, length_names(DOCUMENT_LENGTHS)),
        f"{what} by source": by("source", [file_of(row.source) for row in rows]),
        f"{what} by group": by_group(grouped, draws, len(columns), partial(show, "value"), amounts),
    }
    return {title: found for title, found in tables.items() if found}


def _rows(
    column: str,
    values: Mapping[str, tuple[int, int]],
    names: Sequence[str],
    total: NDArray[np.float64],
    drawn: NDArray[np.float64],
) -> Rows:
    shares = {
        value: share_rows(names, total[..., [above, below]], drawn[..., [above, below]], column, value)
        for value, (above, below) in values.items()
    }
    return [
        {k: v for rows in shares.values() for k, v in rows[i].items() if k != "support"}
        | {"support": int(total[i, -1])}
        for i in range(len(names))
    ]


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
