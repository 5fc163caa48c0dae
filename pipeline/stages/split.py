"""Splits: everything together, annotated and divided."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from pipeline.annotation import Step, annotate
from pipeline.draft import Draft
from pipeline.errors import SourceError
from pipeline.frames import REJECTED, documents_of, rejected_batch, to_table
from pipeline.recipe import Recipe, gate_set
from pipeline.splitting import split as split_table
from pipeline.stages._versions import version_of
from pipeline.store import Store
from pipeline.tally import Tally
from pipeline.types import Rejected
from pipeline.version import Input, Version
from pipeline.work import Work


def split(recipe: Recipe, store: Store) -> Work:
    """Splits: all clean batches together, annotated, and divided so that no group and no text is on both sides."""
    inputs: list[tuple[Version, Input]] = []
    for corpus in recipe.corpora:
        batches = corpus.source.batches()
        if not batches:
            raise SourceError(f"the corpus {corpus.name} has no batches; put files where its source looks")
        inputs += [store.read(corpus.place("clean", b), gate_set(corpus.gates, "clean")) for b in batches]

    def write(draft: Draft) -> dict[str, Any]:
        tally, rejected = Tally(), list[Rejected]()
        tables = [store.audit_documents(version) for version, _ in inputs]
        steps: list[Step] = [(a.name, a) for a in recipe.annotation]
        steps.append((recipe.task.name, recipe.task.accept))
        annotated = to_table(annotate(documents_of(pa.concat_tables(tables)), steps, rejected))
        kept, dropped = split_table(annotated, recipe.split)
        draft.write(tally.counted(kept.to_batches()))
        draft.write_rejected([rejected_batch(rejected), *dropped.cast(REJECTED).to_batches()])
        return {"rows_in": sum(t.num_rows for t in tables), **tally.facts()}

    records = tuple(record for _, record in inputs)
    gates = recipe.gates.get("splits", ())
    return Work(recipe.place("splits"), version_of(split, "splits", recipe), records, gates, write, recipe.task.labels)
