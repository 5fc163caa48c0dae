"""The rows of one batch on their way through the steps: texts in Polars, everything else in Arrow as it came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.frames import DOCUMENTS, documents_of, to_batch
from pipeline.types import Document

if TYPE_CHECKING:
    import polars as pl

Places = NDArray[np.int64]


class Rows:
    """No row ever moves: a text that changes is another view in a Polars column, and what is dropped is noted.

    `texts` has the columns `text` and `language`.
    """

    def __init__(self, batch: pa.RecordBatch) -> None:
        import polars as pl

        self.batch = batch  # its column `text` is as it came
        self.texts = pl.DataFrame({name: pl.from_arrow(batch.column(name)) for name in ("text", "language")})
        self._dropped: dict[int, tuple[str, str]] = {}
        self._changed = False

    def staying(self) -> Places:
        """The rows that no step dropped."""
        stay = np.ones(self.batch.num_rows, bool)
        stay[list(self._dropped)] = False
        return np.flatnonzero(stay)

    def of(self, rows: Places) -> pl.DataFrame:
        """The texts and languages of these rows."""
        return self.texts if len(rows) == self.texts.height else self.texts[rows]

    def plain(self, rows: Places) -> NDArray[np.bool_]:
        """Which of these rows have no span and no token."""
        lengths = [pc.fill_null(pc.list_value_length(self.batch.column(name)), 0) for name in ("spans", "tokens")]
        return np.asarray(pc.equal(pc.add(*lengths), 0))[rows]

    def write(self, rows: Places, new: pl.Series) -> None:
        """Put other texts into these rows."""
        if len(rows):
            text = new if len(rows) == self.texts.height else replaced(self.texts["text"], rows, new)
            self.texts = self.texts.with_columns(text=text)
            self._changed = True

    def drop(self, row: int, step: str, reason: str) -> None:
        """Note that a step drops a row; the row stays as it is."""
        self._dropped[row] = (step, reason)

    def documents(self, rows: Places) -> Iterator[Document]:
        """These rows as documents."""
        import polars as pl

        some = self.batch.take(pa.array(rows))
        return documents_of(with_columns(some, {"text": arrow(pl.Series(self.texts["text"][rows]))}))

    def put(self, documents: Mapping[int, Document]) -> None:
        """Replace rows by documents."""
        import polars as pl

        if documents:
            rows = np.array(sorted(documents))
            new = to_batch(documents[row] for row in rows.tolist())
            at = _places(self.batch.num_rows, rows)
            self.batch = pa.concat_batches([self.batch, new]).take(pa.array(at))
            self.write(rows, pl.Series("text", pl.from_arrow(new.column("text"))))

    def cleaned(self, schema: pa.Schema) -> pa.RecordBatch:
        """Every row in its order, with the step that dropped it and the reason, or null and null."""
        whole = with_columns(self.batch, {"text": arrow(self.texts["text"])}) if self._changed else self.batch
        said = [self._dropped.get(row, (None, None)) for row in range(whole.num_rows if self._dropped else 0)]
        told = [pa.array(said_, pa.string()) for said_ in zip(*said, strict=True)]
        return pa.RecordBatch.from_arrays(
            [*whole.columns, *(told or [pa.nulls(whole.num_rows, pa.string())] * 2)], schema=schema
        )


def with_columns(batch: pa.RecordBatch, new: Mapping[str, Any]) -> pa.RecordBatch:
    """The batch with other columns of these names."""
    columns: Sequence[Any] = [new.get(name, batch.column(name)) for name in DOCUMENTS.names]
    return pa.RecordBatch.from_arrays(columns, schema=DOCUMENTS)


def replaced(column: pl.Series, rows: Places, new: pl.Series) -> pl.Series:
    """The column with other values in these rows; no text is copied."""
    import polars as pl

    return pl.concat([column, new])[_places(len(column), rows)]


def _places(rows: int, new: Places) -> Places:
    """Where each row stands once new values for some of them are put behind all of them."""
    at = np.arange(rows)
    at[new] = rows + np.arange(len(new))
    return at


def arrow(texts: pl.Series) -> pa.StringArray:
    """A Polars column as an Arrow one of the project's schemas."""
    import polars as pl

    return texts.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.string())
