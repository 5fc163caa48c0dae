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
from pipeline.frames import DOCUMENTS, REJECTED, Digest, rebatch


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

    def finish(self, apart: set[str]) -> tuple[str, dict[str, str]]:
        """(digest of the content, SHA-256 of every file by name); files named in `apart` stay out of the digest."""
        files = {
            path.relative_to(self.folder).as_posix(): sha256_of(path.read_bytes())
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }
        total = hashlib.sha256()
        for name, sha in files.items():
            if name not in apart:
                total.update(f"{name}\0{self._digests.get(name, sha)}\n".encode())
        return total.hexdigest(), files

    def _write(self, name: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> int:
        rows, content = 0, Digest()
        with pq.ParquetWriter(self.folder / name, schema, compression="zstd") as writer:
            for batch in rebatch(batches):
                content.add(batch)
                writer.write_batch(batch)
                rows += batch.num_rows
        self._digests[name] = content.hex()
        return rows


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
