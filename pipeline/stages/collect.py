"""Raw: what a source reads, piece by piece: a run that was killed goes on with the piece that it was at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.draft import Draft
from pipeline.frames import BATCH_ROWS, DOCUMENTS, REJECTED, rejected_batch, row_groups, to_batch
from pipeline.recipe import Corpus
from pipeline.source import Ids, unique
from pipeline.stages._versions import version_of
from pipeline.tally import Tally
from pipeline.types import Document, Rejected
from pipeline.version import Input
from pipeline.work import Work

Pair = tuple[pa.RecordBatch, pa.RecordBatch]  # documents, and what was rejected among them


def collect(corpus: Corpus, batch: str) -> Work:
    """Raw: the records of one batch as documents, stamped with their corpus; wrong ones rejected with their place.

    A batch of several pieces keeps the finished ones in its draft, which a kill leaves behind. In memory is one pair
    of record batches.
    """

    def write(draft: Draft) -> dict[str, Any]:
        tally, source = Tally(), corpus.source

        def stamped(doc: Document) -> Document:
            return replace(
                doc,
                id=f"{corpus.name}/{doc.id}",
                group_id=f"{corpus.name}/{doc.group_id or doc.id}",
                language=doc.language or corpus.language,
                groups={**corpus.groups, **doc.groups},
            )

        def pairs(piece: str, seen: Ids) -> Iterator[Pair]:
            return _pairs(unique(source.read_piece(batch, piece), source.name, seen), stamped, source.name)

        def counted(pairs: Iterable[Pair]) -> Iterator[Pair]:
            for kept, rejected in pairs:
                yield from ((same, rejected) for same in tally.counted([kept]))

        pieces = source.pieces(batch)
        if len(pieces) == 1:
            draft.write_pairs(counted(pairs(pieces[0], Ids())))
            return tally.facts()
        folder = draft.folder / "pieces"
        folder.mkdir(exist_ok=True)
        parts, seen = [folder / f"{number:06}" for number in range(len(pieces))], Ids()
        for part, piece in zip(parts, pieces, strict=True):
            if _finished(part):
                for name in _ids(part):
                    seen.add(name.removeprefix(f"{corpus.name}/"))
            else:
                _write(part, pairs(piece, seen))
        draft.write_pairs(counted(chain.from_iterable(map(_read, parts))))
        shutil.rmtree(folder)
        return tally.facts()

    content = Input(f"corpora/{corpus.name}/source", batch, "", corpus.source.digest(batch))
    place = corpus.place("raw", batch)
    gates = corpus.gates.get("raw", ())
    return Work(place, version_of(collect, "raw", corpus), (content,), gates, write, keep=True)


def _pairs(
    records: Iterable[Document | Rejected], stamped: Callable[[Document], Document], step: str
) -> Iterator[Pair]:
    """Stamped records in pairs of which neither half is longer than BATCH_ROWS."""
    kept, rejected = list[Document](), list[Rejected]()
    for record in records:
        if isinstance(record, Rejected):
            rejected.append(replace(record, document=stamped(record.document), step=record.step or step))
        else:
            kept.append(stamped(record))
        if max(len(kept), len(rejected)) == BATCH_ROWS:
            yield to_batch(kept), rejected_batch(rejected)
            kept, rejected = [], []
    yield to_batch(kept), rejected_batch(rejected)


def _finished(part: Path) -> bool:
    return part.with_suffix(".documents").exists()  # the last to be renamed


def _write(part: Path, pairs: Iterable[Pair]) -> None:
    """One piece as two Parquet files, which are there whole or not at all."""
    aside = [part.with_suffix(".rejected.aside"), part.with_suffix(".documents.aside")]
    with pq.ParquetWriter(aside[0], REJECTED) as dropped, pq.ParquetWriter(aside[1], DOCUMENTS) as documents:
        for kept, rejected in pairs:
            documents.write_batch(kept)
            dropped.write_batch(rejected)
    for path in aside:
        with path.open("rb") as written:
            os.fsync(written.fileno())
        path.rename(path.with_suffix(""))


def _read(part: Path) -> Iterator[Pair]:
    """The pairs of a finished piece; the same rows in the same order, whatever the pairs were when it was written."""
    with (
        pq.ParquetFile(part.with_suffix(".documents")) as documents,
        pq.ParquetFile(part.with_suffix(".rejected")) as dropped,
    ):
        for kept in row_groups(documents):
            yield kept.cast(DOCUMENTS), rejected_batch([])
        for rejected in row_groups(dropped):
            yield to_batch([]), rejected.cast(REJECTED)


def _ids(part: Path) -> Iterator[str]:
    with pq.ParquetFile(part.with_suffix(".documents")) as documents:
        for batch in row_groups(documents, ["id"]):
            yield from batch.column(0).to_pylist()
