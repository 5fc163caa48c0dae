"""A version being written: a local folder that nobody reads until the store makes it appear."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import StoreError
from pipeline.frames import BATCH_ROWS, DOCUMENTS, REJECTED, Digest


class Draft:
    """Writes a version's files; counts rows and digests them as they pass."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = 0
        self.rejected_rows = 0
        self._digests: dict[str, str] = {}

    def write(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Write `documents.parquet`, one batch in memory at a time."""
        self.rows = self._write("documents.parquet", batches, DOCUMENTS)

    def write_rejected(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Write `rejected.parquet`."""
        self.rejected_rows = self._write("rejected.parquet", batches, REJECTED)

    def write_pairs(self, pairs: Iterable[tuple[pa.RecordBatch, pa.RecordBatch]]) -> None:
        """Write `documents.parquet` and `rejected.parquet` from pairs of batches, one pair in memory at a time."""
        paths = self.folder / "documents.parquet", self.folder / "rejected.parquet"
        with _File(paths[0], DOCUMENTS) as documents, _File(paths[1], REJECTED) as rejected:
            for kept, dropped in pairs:
                documents.add(kept)
                rejected.add(dropped)
        self.rows, self.rejected_rows = documents.rows, rejected.rows
        self._digests |= {"documents.parquet": documents.digest(), "rejected.parquet": rejected.digest()}

    def finish(self, apart: set[str]) -> tuple[str, dict[str, str]]:
        """(digest of the content, SHA-256 of every file by name); files named in `apart` stay out of the digest."""
        files = {
            path.relative_to(self.folder).as_posix(): sha256_of_file(path)
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }
        total = hashlib.sha256()
        for name, sha in files.items():
            if name not in apart:
                total.update(f"{name}\0{self._digests.get(name, sha)}\n".encode())
        return total.hexdigest(), files

    def _write(self, name: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> int:
        with _File(self.folder / name, schema) as file:
            for batch in batches:
                file.add(batch)
        self._digests[name] = file.digest()
        return file.rows


class _File:
    """A Parquet file being written in row groups of BATCH_ROWS, whatever the batches, and digested on the way."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.rows = 0
        # Without statistics: nobody filters by them, and of a million documents they are half of a footer that every
        # task of the engine reads.
        self._writer = pq.ParquetWriter(path, schema, compression="zstd", write_statistics=False)
        self._content = Digest()
        self._held: list[pa.RecordBatch] = []
        self._count = 0

    def __enter__(self) -> _File:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and self._held:
            self._put(pa.concat_batches(self._held))
        self._writer.close()

    def add(self, batch: pa.RecordBatch) -> None:
        self._held.append(batch)
        self._count += batch.num_rows
        if self._count >= BATCH_ROWS:
            whole = self._count - self._count % BATCH_ROWS
            flat = pa.concat_batches(self._held)
            for at in range(0, whole, BATCH_ROWS):
                self._put(flat.slice(at, BATCH_ROWS))
            self._held, self._count = [flat.slice(whole)], self._count - whole

    def digest(self) -> str:
        return self._content.hex()

    def _put(self, batch: pa.RecordBatch) -> None:
        if batch.num_rows:
            self._content.add(batch)
            self._writer.write_batch(batch)
            self.rows += batch.num_rows


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for this process; the kernel lets go when the process ends, however it ends."""
    path = folder.with_name(f"{folder.name}.lock")
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreError(f"another process is writing {folder.name}; wait for it to end") from error
        if not path.exists() or os.fstat(handle.fileno()).st_ino != path.stat().st_ino:
            raise StoreError(f"another process has just written {folder.name}; ask again")  # its lock, already let go
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def sha256_of(data: bytes) -> str:
    """SHA-256 of bytes as hex."""
    return hashlib.sha256(data).hexdigest()


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes as hex, a piece in memory at a time."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
