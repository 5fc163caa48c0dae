"""A data set by its name on the Hugging Face hub, or by a local folder or builder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field

from pipeline.errors import SourceError
from pipeline.source import _making, unique
from pipeline.source._files import batch_name, expanded
from pipeline.source._records import RecordSource
from pipeline.source._splits import split_of
from pipeline.source.parquet import values
from pipeline.types import Document, Rejected


class HubDataset(RecordSource):
    """A data set that `datasets.load_dataset` opens: a name on the hub, or a builder (`json`, `csv`, `parquet`) with
    `data_files`: split → file. Each split is a batch; class numbers become class names. Code that comes with a data
    set never runs.

    Name a `revision` (a commit): without one, what is read changes when its owner changes it. `cache` is the folder
    that downloads go to. `${NAME}` in `data_files` and `cache` is taken from the environment. A row's number, from 1,
    stands for its line.

    >>> HubDataset(dataset="json", data_files={"train": "a.jsonl"}).batches()
    ['train']
    """

    places: ClassVar[frozenset[str]] = frozenset({"data_files", "cache"})

    dataset: str
    config: str | None = None
    revision: str | None = None
    data_files: Mapping[str, str] = Field(default_factory=dict)
    cache: str | None = None

    def batches(self) -> list[str]:
        """The splits. Raises SourceError where the hub does not answer or knows no such data set."""
        if fixed := self.fixed_batches():
            return list(fixed)
        import datasets

        try:
            names = datasets.get_dataset_split_names(self.dataset, self.config, revision=self.revision)
        except Exception as error:
            raise self._unreadable(error) from error
        return sorted(batch_name(name) for name in names)

    def fixed_batches(self) -> tuple[str, ...] | None:
        """The splits where `data_files` names them."""
        return tuple(sorted(batch_name(name) for name in self.data_files)) or None

    def digest(self, batch: str) -> str:
        """SHA-256 of the rows of the split, as JSON."""
        sha = hashlib.sha256()
        for row in self._rows(batch):
            sha.update(json.dumps(row, sort_keys=True, ensure_ascii=True, default=str).encode() + b"\n")
        return sha.hexdigest()

    def read(self, batch: str) -> Iterator[Document | Rejected]:
        """One document a row. Raises SourceError where the data set cannot be loaded or lacks a column."""
        yield from unique(self._records(batch), self.name, set())

    def _records(self, batch: str) -> Iterator[Document | Rejected]:
        for number, row in enumerate(self._rows(batch), 1):
            place = f"{batch}:{number}"
            if isinstance(row, str):
                yield _making.reject(self.name, place, "", row)
            else:
                yield self.record(place, row, split_of(batch))

    def _rows(self, batch: str) -> Iterator[dict[str, Any] | str]:
        """The rows; for one with a value that is none, what is wrong with it."""
        import datasets

        files = {batch_name(name): expanded(path) for name, path in self.data_files.items()}
        try:
            data = datasets.load_dataset(
                self.dataset,
                self.config,
                data_files=files or None,
                split=batch,
                revision=self.revision,
                cache_dir=expanded(self.cache) if self.cache else None,
            )
        except Exception as error:  # the library raises whatever its many back ends raise
            raise self._unreadable(error) from error
        if missing := self.missing(data.column_names):
            raise SourceError(f"{self.dataset}, split {batch}: {missing}")
        if not data.num_rows:
            raise SourceError(f"{self.dataset}, split {batch}: is empty; a split holds at least one record")
        classes = {name: f for name, f in data.features.items() if isinstance(f, datasets.ClassLabel)}
        for table in data.with_format("arrow").iter(batch_size=2048):
            for row in (row for part in table.to_batches() for row in values(part)):
                if not isinstance(row, str):
                    known = {n: f for n, f in classes.items() if row[n] is not None and row[n] >= 0}
                    row |= {name: feature.int2str(row[name]) for name, feature in known.items()}
                yield row

    def _unreadable(self, error: Exception) -> SourceError:
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        return SourceError(f"data set {self.dataset!r} cannot be loaded ({said}); check its name and the network")

    @classmethod
    def example_in(cls, folder: Path) -> Self:
        """Two rows of a local file, read by the builder `json`."""
        rows = [{"text": "fine", "label": "good"}, {"text": "broken", "label": "bad"}]
        (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return cls(dataset="json", data_files={"train": str(folder / "train.jsonl")}, cache=str(folder / "cache"))
