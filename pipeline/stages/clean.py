"""Clean: what the steps of a corpus make of its raw documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.cleaning import CLEANED, marked, parted, run
from pipeline.draft import Draft
from pipeline.engine import mapped
from pipeline.frames import row_groups
from pipeline.recipe import Corpus, gate_set
from pipeline.stages._versions import version_of
from pipeline.store import Store
from pipeline.tally import Tally
from pipeline.work import Work


def clean(corpus: Corpus, batch: str, store: Store) -> Work:
    """Clean: the corpus's steps one after another, batch by batch; what a step drops is kept with the reason."""
    version, record = store.read(corpus.place("raw", batch), gate_set(corpus.gates, "raw"))

    def write(draft: Draft) -> dict[str, Any]:
        tally, steps = Tally(), corpus.cleaning
        file, before, after = store.audit_file(version), Counter[str](), Counter[str]()
        marking = [step for step in steps if step.marks]

        def cleaned() -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
            for rows in mapped(file, partial(run, steps), CLEANED):
                after.update(marked(marking, rows.column("text")))
                kept, dropped = parted(rows)
                yield next(tally.counted([kept])), dropped

        draft.write_pairs(cleaned())
        for rows in row_groups(pq.ParquetFile(file), ["text"]) if marking else ():
            before.update(marked(marking, rows.column("text")))
        masked = {
            f"by_{name}": counts for name, counts in (("masked", dict(sorted((after - before).items()))),) if counts
        }
        return {"rows_in": version.manifest.rows, **tally.facts(), **masked}

    gates = corpus.gates.get("clean", ())
    return Work(corpus.place("clean", batch), version_of(clean, "clean", corpus), (record,), gates, write)
