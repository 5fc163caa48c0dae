"""Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Self

from pipeline.errors import SourceError
from pipeline.source._files import FileSource
from pipeline.source._records import RecordSource
from pipeline.source._splits import split_of
from pipeline.source._text_file import TextFile
from pipeline.types import Document, Rejected


class Parquet(FileSource, RecordSource):
    """Parquet files; the fields name the columns, and a row's number, from 1, stands for its line.

    A file that is not Parquet, has no rows or lacks a column is unreadable (SourceError).

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     [(d.text, d.label, d.source) for d in Parquet.example_in(Path(folder)).read("train.parquet")]
    [('fine', 'good', 'train.parquet:1'), ('broken', 'bad', 'train.parquet:2')]
    """

    pattern: str = "*.parquet"

    def read_file(self, file: TextFile) -> Iterator[Document | Rejected]:
        """One document a row."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        split = split_of(file.name)
        with file.binary(compression=None) as stream:
            try:
                data = pq.ParquetFile(stream)
            except pa.ArrowInvalid as error:
                raise SourceError(f"{file.path}: is not Parquet: {error}") from error
            if not data.metadata.num_rows:
                raise SourceError(f"{file.path}: is empty; a file holds at least one record")
            columns = data.schema_arrow.names
            if missing := self.missing(columns):
                raise SourceError(f"{file.path}: {missing}")
            used = {self.text, self.id, self.label, self.spans, self.group_id, self.language, self.split, *self.groups}
            number = 0
            for batch in data.iter_batches(batch_size=2048, columns=[c for c in columns if c in used]):
                for row in batch.to_pylist():
                    number += 1
                    yield self.record(file.place(number), row, split)

    @classmethod
    def example_in(cls, folder: Path) -> Self:
        """Two rows with a label each."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.table({"text": ["fine", "broken"], "label": ["good", "bad"]})
        pq.write_table(table, folder / "train.parquet")
        return cls(path=str(folder))
