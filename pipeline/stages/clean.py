"""Clean: what the steps of a corpus make of its raw documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from pipeline.cleaning import apply
from pipeline.draft import Draft
from pipeline.recipe import Corpus, gate_set
from pipeline.stages._versions import version_of
from pipeline.store import Store
from pipeline.tally import Tally
from pipeline.work import Work


def clean(corpus: Corpus, batch: str, store: Store) -> Work:
    """Clean: the corpus's steps one after another, batch by batch; what a step drops is kept with the reason."""
    version, record = store.read(corpus.place("raw", batch), gate_set(corpus.gates, "raw"))

    def write(draft: Draft) -> dict[str, Any]:
        tally, dropped = Tally(), list[pa.RecordBatch]()

        def cleaned() -> Iterator[pa.RecordBatch]:
            for rows in store.audit_documents(version).to_batches():
                for step in corpus.cleaning:
                    rows, rejected = apply(step, rows)
                    dropped.append(rejected)
                yield rows

        draft.write(tally.counted(cleaned()))
        draft.write_rejected(dropped)
        return {"rows_in": version.manifest.rows, **tally.facts()}

    gates = corpus.gates.get("clean", ())
    return Work(corpus.place("clean", batch), version_of(clean, "clean", corpus), (record,), gates, write)
