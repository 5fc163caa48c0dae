"""Bytes of files, digests of content, names of versions, inputs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import job
from pipeline.cards.chain import stage_of
from pipeline.cards.sources import local
from pipeline.draft import sha256_of_file
from pipeline.fingerprint import fingerprint
from pipeline.frames import Digest, rebatch, row_groups
from pipeline.verifying._findings import Findings
from pipeline.version import Version

BY_CONTENT = ("documents.parquet", "rejected.parquet")  # digested by their rows, not by their bytes


def same_bytes(version: Version, chain: Sequence[Version], found: Findings) -> None:
    """Every file's SHA-256, the digest of the content, the version's name, and the digests of what it read."""
    manifest, folder = version.manifest, found.folder(version)
    total, whole = hashlib.sha256(), True
    apart = job.TIMES if stage_of(version.place) == "checkpoint" else ()
    for name, said in sorted(manifest.files.items()):
        file = f"{folder}/{name}"
        content = ""
        with found.reading(file):
            content = _sha256(file, found)
            found.same(file, "SHA-256", said, content)
            if name in BY_CONTENT:
                content = ""
                content = _digest(file, found)
        whole = whole and bool(content)
        if name not in apart:
            total.update(f"{name}\0{content}\n".encode())
    file = f"{folder}/manifest.json"
    if whole:
        found.same(file, "/digest", manifest.digest, total.hexdigest())
    inputs = [(i.asset, i.partition, i.digest) for i in manifest.inputs]
    named = fingerprint(manifest.fingerprint, inputs)[:16]
    found.same(file, "/version", manifest.version, named)
    found.same(file, "/version", manifest.version, folder.rpartition("/")[2])
    known = {(v.place.asset, v.place.partition, v.digest) for v in chain}
    for i, read in enumerate(manifest.inputs):
        if read.version and stage_of(version.place) != "release":
            place = (read.asset, read.partition)
            here = read.digest if (*place, read.digest) in known else [d for *at, d in known if tuple(at) == place]
            found.same(file, f"/inputs/{i}/digest", read.digest, here)


def batches(file: str, found: Findings) -> Iterator[pa.RecordBatch]:
    """The rows of a Parquet file below the store, as they were digested when it was written."""
    with local(found.store, file) as path:
        yield from rebatch(row_groups(pq.ParquetFile(path)))


def table(file: str, found: Findings) -> pa.Table:
    """A Parquet file below the store, whole."""
    with local(found.store, file) as path:
        return pq.read_table(path)


def _digest(file: str, found: Findings) -> str:
    digest = Digest()
    for batch in batches(file, found):
        digest.add(batch)
    return digest.hex()


def _sha256(file: str, found: Findings) -> str:
    with local(found.store, file) as path:
        return sha256_of_file(path)
