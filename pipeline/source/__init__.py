"""Sources: where raw documents come from. One file, one class, one verb: `read`.

Contract, held by tests/test_contracts.py for every file in this folder:

- `batches()` lists the batches in a stable order; a batch's name is safe in a path (see `batch_name`).
- `digest(batch)` changes exactly when the batch's raw content changes.
- `read(batch)` yields every record once, as a Document or, where one record is wrong, as a Rejected that names file and
  line and says what would be right. What makes the whole file unreadable raises SourceError.
- ids are unique and stable, `source` is `file:line`, `group_id` is the root document, `licence` the record's own.
- `pieces(batch)` parts a batch for a run that goes on after a kill; reading one after the other is reading it. They are
  the same as long as `digest(batch)` is. Ids are made unique by whoever puts the pieces together (`unique`).
- Nothing is opened before a method is called; every path is any fsspec URL.

Template (pipeline/source/my_source.py):

    class MySource(FileSource):
        pattern: str = "*.mine"

        def read_file(self, file: TextFile) -> Iterator[Document | Rejected]:
            for line in file.lines():
                yield file.document(line, text=line.text)
"""

from __future__ import annotations

import sqlite3
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from pipeline.errors import SourceError
from pipeline.part import Part
from pipeline.types import Document, Rejected

_CACHE_KB = 4096


class Source(Part):
    """Where the raw documents of a corpus come from, batch by batch."""

    @abstractmethod
    def batches(self) -> list[str]:
        """Names of the batches there are now, in order. Raises SourceError where the place cannot be listed."""

    @abstractmethod
    def digest(self, batch: str) -> str:
        """SHA-256 of the raw content of a batch."""

    def changed(self, batch: str, stamp: str, digest: str) -> tuple[str, str]:
        """(stamp, digest) of a batch now, given those seen last. A source with a cheap stamp digests only on change."""
        return "", self.digest(batch)

    @abstractmethod
    def read(self, batch: str) -> Iterator[Document | Rejected]:
        """The documents of a batch; ids and group ids are local to the corpus."""

    def pieces(self, batch: str) -> list[str]:
        """The pieces that a batch is read in, in order: of one, nothing is kept when it is killed in the middle."""
        return [batch]

    def read_piece(self, batch: str, piece: str) -> Iterator[Document | Rejected]:
        """The records of one piece, in order; an id may be that of a record of another piece."""
        if piece != batch:
            raise SourceError(f"{self.name}: the batch {batch!r} has no piece {piece!r}; it is read whole")
        return self.read(batch)

    def fixed_batches(self) -> tuple[str, ...] | None:
        """The batches where they are known from the settings alone; None where a folder has to be listed."""
        return None

    @classmethod
    @abstractmethod
    def example_in(cls, folder: Path) -> Self:
        """A source that reads a few good records, written into `folder` if it reads files."""


class Ids:
    """Ids that were seen, in a temporary database of this process: a set of a million would take 120 MB."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # a file that is gone when it is closed
        for line in ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", f"PRAGMA cache_size=-{_CACHE_KB}"):
            self._database.execute(line)
        self._database.execute("CREATE TABLE ids (id BLOB PRIMARY KEY) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def __contains__(self, id_: str) -> bool:
        return self._database.execute("SELECT 1 FROM ids WHERE id = ?", (_bytes(id_),)).fetchone() is not None

    def add(self, id_: str) -> None:
        """Remember one; of one that is known nothing is changed."""
        self._database.execute("INSERT OR IGNORE INTO ids VALUES (?)", (_bytes(id_),))


def _bytes(id_: str) -> bytes:
    return id_.encode("utf-8", "surrogatepass")


def unique(records: Iterable[Document | Rejected], step: str, seen: set[str] | Ids) -> Iterator[Document | Rejected]:
    """The records, with the second holder of an id rejected. `seen` are the ids so far; new ones are added to it."""
    for record in records:
        if isinstance(record, Document):
            if record.id in seen:
                taken = f"the id {record.id!r} is already that of an earlier record; make ids unique"
                record = record.rejected(f"{record.source}: {taken}", step)
            else:
                seen.add(record.id)
        yield record


BASE = Source
