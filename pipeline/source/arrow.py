"""Arrow files."""

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
from pipeline.source.parquet import DAMAGE, values
from pipeline.types import Document, Rejected


class Arrow(FileSource, RecordSource):
    """Arrow files, streams or of the random-access kind (Feather 2); the fields name the columns, and a row's number,
    from 1, stands for its line.

    A file that is not Arrow, is damaged, has no rows or lacks a column is unreadable (SourceError).

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     [(d.text, d.label, d.source) for d in Arrow.example_in(Path(folder)).read("train.arrow")]
    [('fine', 'good', 'train.arrow:1'), ('broken', 'bad', 'train.arrow:2')]
    """

    pattern: str = "*.arrow"

    def read_file(self, file: TextFile) -> Iterator[Document | Rejected]:
        """One document a row."""
        split, number = split_of(file.name), 0
        with file.binary(packed=True) as stream:
            for number, row in enumerate(self._rows(file, stream), 1):
                if isinstance(row, str):
                    yield file.reject(file.place(number), "", row)
                else:
                    yield self.record(file.place(number), row, split)
        if not number:
            raise SourceError(f"{file.path}: is empty; a file holds at least one record")

    def _rows(self, file: TextFile, stream: Any) -> Iterator[dict[str, Any] | str]:
        try:
            for batch in _batches(stream):
                if missing := self.missing(batch.schema.names):
                    raise SourceError(f"{file.path}: {missing}")
                used = batch.select([name for name in batch.schema.names if name in self.columns()])
                _check_offsets(used)
                yield from values(used)
        except (*DAMAGE, SystemError) as error:  # the latter where the offsets of a text go backwards
            raise SourceError(f"{file.path}: is not Arrow, or is damaged: {error}") from error

    @classmethod
    def example_in(cls, folder: Path) -> Self:
        """Two rows with a label each."""
        table = pa.table({"text": ["fine", "broken"], "label": ["good", "bad"]})
        with pa.ipc.new_stream(folder / "train.arrow", table.schema) as writer:
            writer.write_table(table)
        return cls(path=str(folder))


def _check_offsets(batch: pa.RecordBatch) -> None:
    """Offsets that point outside or go backwards would be read all the same; bytes that are no text cost only a row."""
    batch.validate()
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid as error:
        if "UTF8" not in str(error):
            raise


def _batches(stream: Any) -> Iterator[pa.RecordBatch]:
    seekable = stream.read(6) == b"ARROW1"
    stream.seek(0)
    if seekable:
        data = pa.ipc.open_file(stream)
        yield from (data.get_batch(number) for number in range(data.num_record_batches))
    else:
        yield from pa.ipc.open_stream(stream)
