"""One JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from pipeline.source._files import FileSource
from pipeline.source._records import RecordSource
from pipeline.source._splits import split_of
from pipeline.source._text_file import TextFile
from pipeline.types import Document, Rejected


class Jsonl(FileSource, RecordSource):
    """Files of one JSON object a line: `{"text": …, "label": …, "spans": [{"start": …, "end": …, "label": …}]}`.

    The fields name the keys. A file named after a split (`train.jsonl`) gives it to records that name none.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     documents = list(Jsonl.example_in(Path(folder)).read("train.jsonl"))
    >>> documents[0].text, documents[0].spans[0].label, documents[0].source
    ('Anna met Bo', 'PER', 'train.jsonl:1')
    """

    pattern: str = "*.jsonl*"

    def by_line(self) -> bool:
        """It is."""
        return True

    def read_file(self, file: TextFile) -> Iterator[Document | Rejected]:
        """One document a line that is not blank."""
        split = split_of(file.name)
        for line in file.lines():
            try:
                row = json.loads(line.text)
            except (ValueError, RecursionError) as error:
                yield file.reject(line, line.text, f"is not JSON: {error}; write one JSON object a line")
                continue
            if isinstance(row, dict):
                yield self.record(line.place, row, split)
            else:
                what = type(row).__name__
                yield file.reject(line, line.text, f'is a JSON {what}, not an object; write {{"{self.text}": "…"}}')

    @classmethod
    def example_in(cls, folder: Path) -> Self:
        """Two records, one of them annotated."""
        rows = [
            {"text": "Anna met Bo", "id": "a", "spans": [{"start": 0, "end": 4, "label": "PER"}]},
            {"text": "Nobody was there", "id": "b", "spans": []},
        ]
        (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return cls(path=str(folder))
