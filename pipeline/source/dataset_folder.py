"""A Hugging Face data set that lies in a folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

from pipeline.errors import SourceError, did_you_mean
from pipeline.source import _making, unique
from pipeline.source._dataset_layout import Layout, kind, layout
from pipeline.source._files import FileSource, batch_name, expanded, opened
from pipeline.source._records import RecordSource
from pipeline.source._splits import split_of
from pipeline.source.arrow import Arrow
from pipeline.source.csv import Csv
from pipeline.source.jsonl import Jsonl
from pipeline.source.parquet import Parquet
from pipeline.types import Document, Rejected, Split


class DatasetFolder(RecordSource):
    """A folder that `save_to_disk` wrote, or a copy of a data set's repository on the hub (Parquet, JSON lines or CSV,
    and README.md). Each split is a batch. No code of a data set runs, and nothing is fetched.

    Splits are what README.md's header says under `configs` (`config` chooses one of several), else what the files'
    names say. Class numbers become class names. A record without a licence of its own has the one in the header.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     document = next(DatasetFolder.example_in(Path(folder)).read("train"))
    >>> document.text, document.label, document.licence, document.source
    ('fine', 'good', 'cc-by-4.0', 'data/train.jsonl:1')
    """

    places: ClassVar[frozenset[str]] = frozenset({"path"})

    path: str
    config: str | None = None

    def batches(self) -> list[str]:
        """The splits. Raises SourceError where the folder holds no data set."""
        return sorted(map(batch_name, self._layout().splits))

    def digest(self, batch: str) -> str:
        """SHA-256 of the split's file names, their SHA-256s, the class names and the licence."""
        found = self._layout()
        total = hashlib.sha256(json.dumps([dict(found.classes), found.licence], sort_keys=True).encode())
        for name, reader in self._readers(batch):
            total.update(f"{name} {reader.digest(batch_name(name))}\n".encode())
        return total.hexdigest()

    def read(self, batch: str) -> Iterator[Document | Rejected]:
        """Every record of the split's files. Raises SourceError where one is unreadable."""
        seen: set[str] = set()
        for piece in self.pieces(batch):
            yield from unique(self.read_piece(batch, piece), self.name, seen)

    def pieces(self, batch: str) -> list[str]:
        """Those of the split's files."""
        return [piece for name, reader in self._readers(batch) for piece in reader.cuts(batch_name(name))]

    def read_piece(self, batch: str, piece: str) -> Iterator[Document | Rejected]:
        """The records of one piece of a file."""
        file = piece.partition("@")[0]
        reader = next((reader for name, reader in self._readers(batch) if batch_name(name) == file), None)
        if reader is None:
            raise SourceError(f"{self.name}: the batch {batch!r} has no piece {piece!r}")
        return reader.read_piece(file, piece)

    def _layout(self) -> Layout:
        fs, root = opened(expanded(self.path))
        fs.invalidate_cache()  # a sensor asks again and again whether there are new files
        try:
            if not fs.isdir(root):
                raise SourceError(f"{root}: there is no such folder; check `path`")
            return layout(fs, root, self.config)
        except OSError as error:
            raise SourceError(f"{root}: cannot be listed: {error}") from error

    def _readers(self, batch: str) -> list[tuple[str, FileSource]]:
        found = self._layout()
        known = {batch_name(split): split for split in found.splits}
        if batch not in known:
            raise SourceError(f"{self.path}: there is no batch {batch!r}; {did_you_mean(batch, known)}")
        split = known[batch]
        set_here = self.model_fields_set & RecordSource.model_fields.keys()
        columns = {field: getattr(self, field) for field in set_here}
        facts = {"classes": found.classes, "terms": found.licence, "part": split, "pattern": "**/*"}
        return [(name, _READERS[kind(name)](path=self.path, **columns, **facts)) for name in found.splits[split]]

    @classmethod
    def example_in(cls, folder: Path) -> Self:
        """A repository with one file of two records, whose header names the licence."""
        (folder / "README.md").write_text("---\nlicense: cc-by-4.0\n---\n# Reviews\n", encoding="utf-8")
        (folder / "data").mkdir()
        rows = [{"text": "fine", "label": "good"}, {"text": "broken", "label": "bad"}]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "data" / "train.jsonl").write_text(lines, encoding="utf-8")
        return cls(path=str(folder))


class _Reader(RecordSource):
    """A file of a split; its records get what the data set says of all of them."""

    classes: Mapping[str, tuple[str, ...]] = {}
    terms: str = ""
    part: str = ""

    def record(self, place: str, row: Mapping[str, Any], split: Split | None = None) -> Document | Rejected:
        """One record, its class numbers as names, with the split and the licence of the data set."""
        named = dict(row)
        for column, names in self.classes.items():
            number = named.get(column)
            if isinstance(number, int) and not isinstance(number, bool):
                if number >= len(names):
                    shown = str(row.get(self.text, ""))
                    wrong = f"{column!r} is {number}; the data set has the classes 0 to {len(names) - 1}"
                    return _making.reject(self.name, place, shown, wrong)
                named[column] = names[number] if number >= 0 else None
        made = super().record(place, named, split_of(self.part))
        if isinstance(made, Document) and not made.licence:
            return replace(made, licence=self.terms)
        return made


class _Jsonl(_Reader, Jsonl):
    """JSON lines."""


class _Csv(_Reader, Csv):
    """Comma-separated values."""


class _Tsv(_Csv):
    """Values separated by tabs."""

    delimiter: str = "\t"


class _Parquet(_Reader, Parquet):
    """Parquet."""


class _Arrow(_Reader, Arrow):
    """Arrow, as `save_to_disk` writes it."""


_READERS: Mapping[str, Callable[..., FileSource]] = {
    "arrow": _Arrow,
    "csv": _Csv,
    "json": _Jsonl,
    "jsonl": _Jsonl,
    "ndjson": _Jsonl,
    "parquet": _Parquet,
    "tsv": _Tsv,
}
