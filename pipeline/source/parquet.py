"""Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from pipeline.errors import SourceError
from pipeline.source._files import FileSource
from pipeline.source._records import RecordSource
from pipeline.source._splits import split_of
from pipeline.source._text_file import TextFile
from pipeline.types import Document, Rejected

DAMAGE = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError)


class Parquet(FileSource, RecordSource):
    """Parquet files; the fields name the columns, and a row's number, from 1, stands for its line.

    A large file is read in pieces of whole row groups. One that is not Parquet, is damaged, has no rows or lacks a
    column is unreadable (SourceError).

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     [(d.text, d.label, d.source) for d in Parquet.example_in(Path(folder)).read("train.parquet")]
    [('fine', 'good', 'train.parquet:1'), ('broken', 'bad', 'train.parquet:2')]
    """

    pattern: str = "*.parquet"

    def read_file(self, file: TextFile) -> Iterator[Document | Rejected]:
        """One document a row."""
        split = split_of(file.name)
        with file.binary(packed=True) as stream:
            data = self._opened(file, stream)
            names = data.schema_arrow.names
            if missing := self.missing(names):
                raise SourceError(f"{file.path}: {missing}")
            for number, row in enumerate(self._rows(file, data), file.first):
                if isinstance(row, str):
                    yield file.reject(file.place(number), "", row)
                else:
                    yield self.record(file.place(number), row, split)

    def _rows(self, file: TextFile, data: Any) -> Iterator[dict[str, Any] | str]:
        used = [column for column in data.schema_arrow.names if column in self.columns()]
        groups = list(range(data.num_row_groups)[file.start : file.stop])
        number = file.first
        try:
            for batch in data.iter_batches(batch_size=2048, columns=used, row_groups=groups):
                yield from values(batch)
                number += batch.num_rows
        except DAMAGE as error:
            raise SourceError(f"{file.place(number)}: the rows from here on are damaged: {error}") from error

    def cuts(self, name: str) -> list[str]:
        """Whole row groups: `file@first-stop:row`."""
        file = self.open(name)
        if file.size() <= self.piece_bytes:
            return [name]
        with file.binary(packed=True) as stream:
            try:
                meta = self._opened(file, stream).metadata
            except SourceError:  # said by whoever reads it
                return [name]
            groups = [
                (meta.row_group(n).num_rows, meta.row_group(n).total_byte_size) for n in range(meta.num_row_groups)
            ]
        pieces, first, row, rows, held = [], 0, 1, 0, 0
        for n, (count, size) in enumerate(groups, 1):
            rows, held = rows + count, held + size
            if held >= self.piece_bytes or n == len(groups):
                pieces.append(f"{name}@{first}-{n}:{row}")
                first, row, rows, held = n, row + rows, 0, 0
        return pieces

    def _opened(self, file: TextFile, stream: Any) -> Any:
        import pyarrow.parquet as pq

        try:
            data = pq.ParquetFile(stream)
        except DAMAGE as error:
            raise SourceError(f"{file.path}: is not Parquet: {error}") from error
        if not data.metadata.num_rows:
            raise SourceError(f"{file.path}: is empty; a file holds at least one record")
        return data

    @classmethod
    def example_in(cls, folder: Path) -> Self:
        """Two rows with a label each."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.table({"text": ["fine", "broken"], "label": ["good", "bad"]})
        pq.write_table(table, folder / "train.parquet")
        return cls(path=str(folder))


def values(batch: pa.RecordBatch) -> list[dict[str, Any] | str]:
    """The rows of a batch; for one with a value that is none, what is wrong with it."""
    try:
        return list(batch.to_pylist())
    except DAMAGE as error:
        if batch.num_rows > 1:
            return [value for at in range(batch.num_rows) for value in values(batch.slice(at, 1))]
        return [f"the row holds what is no value: {error}; write strings as UTF-8"]
