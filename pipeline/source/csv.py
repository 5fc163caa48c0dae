"""Comma-separated values with a header."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Self

from pydantic import Field

from pipeline.errors import SourceError
from pipeline.source._files import FileSource
from pipeline.source._records import RecordSource
from pipeline.source._splits import split_of
from pipeline.source._text_file import Line, TextFile
from pipeline.types import Document, Rejected


class Csv(FileSource, RecordSource):
    """Files of comma-separated values; the first row names the columns. A quoted cell may hold line ends.

    A missing column makes the file unreadable (SourceError); a row with other than the header's number of cells, with
    a quote that is not closed, or with a cell above 131,072 characters is rejected.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     [(d.text, d.label, d.source) for d in Csv.example_in(Path(folder)).read("train.csv")]
    [('fine', 'good', 'train.csv:2'), ('broken,\\nsent back', 'bad', 'train.csv:3')]
    """

    pattern: str = "*.csv*"
    delimiter: str = Field(",", min_length=1, max_length=1)

    def read_file(self, file: TextFile) -> Iterator[Document | Rejected]:
        """One document a row; its line is the row's first."""
        split = split_of(file.name)
        header: list[str] | None = None
        for line, text, cells, fault in self._rows(file):
            if header is None:
                if fault:
                    raise SourceError(f"{line.place}: the header {fault}")
                header = cells
                if missing := self.missing(header):
                    raise SourceError(f"{line.place}: {missing}")
            elif fault:
                yield file.reject(line, text, fault)
            elif len(cells) != len(header):
                count = f"the row has {len(cells)} cells and the header {len(header)}"
                yield file.reject(line, text, f"{count}; quote cells that hold {self.delimiter!r}")
            else:
                yield self.record(line.place, dict(zip(header, cells, strict=True)), split)

    def _rows(self, file: TextFile) -> Iterator[tuple[Line, str, list[str], str]]:
        """Rows as (first line, raw text, cells, what is wrong)."""
        import csv

        taken: list[Line] = []

        def lines() -> Iterator[str]:
            for line in file.all_lines():
                taken.append(line)
                yield line.text + "\n"

        reader = csv.reader(lines(), delimiter=self.delimiter, strict=True)
        while True:
            cells: list[str] | None = []
            fault = ""
            try:
                cells = next(reader, None)
            except csv.Error as error:
                fault = f"is not CSV: {error}; double the quotes inside a quoted cell and close it"
            fault = next((line.fault for line in taken if line.fault), fault)
            if taken and (cells or fault):
                yield taken[0], "\n".join(line.text for line in taken), cells or [], fault
            taken.clear()
            if cells is None:
                return

    @classmethod
    def example_in(cls, folder: Path) -> Self:
        """Two rows with a label each."""
        (folder / "train.csv").write_text('text,label\nfine,good\n"broken,\nsent back",bad\n', encoding="utf-8")
        return cls(path=str(folder))
