"""Splits: everything together, annotated and divided."""

from __future__ import annotations

from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.annotation import Step, annotate
from pipeline.draft import Draft
from pipeline.duplicates import sketch
from pipeline.duplicates.hosted import hosted_sketch
from pipeline.engine import clustered
from pipeline.errors import SourceError
from pipeline.frames import documents_of, rejected_batch, to_table
from pipeline.recipe import Recipe, gate_set
from pipeline.splitting import divide
from pipeline.stages._versions import version_of
from pipeline.store import Store
from pipeline.tally import Tally
from pipeline.types import Rejected
from pipeline.version import Input, Version
from pipeline.work import Work

PLACEMENT = "placement.parquet"  # a row for each document that was divided: where it is and why


def split(recipe: Recipe, store: Store) -> Work:
    """Splits: all clean batches together, annotated, and divided so that no group and no text is on both sides."""
    inputs = cleaned(recipe, store)

    def write(draft: Draft) -> dict[str, Any]:
        tally = Tally()
        documents, rejected = annotated(recipe, store, inputs)
        # Here the engine would cost a sixth more processor time than it takes to do the same on the spot.
        sketcher = partial(hosted_sketch, folder=draft.folder) if clustered() else sketch
        division = divide(documents, recipe.split, sketcher)
        draft.write(tally.counted(division.kept.to_batches()))
        draft.write_rejected([rejected_batch(rejected), *division.rejected.to_batches()])
        pq.write_table(division.placement, draft.folder / PLACEMENT, compression="zstd")
        return {"rows_in": documents.num_rows + len(rejected), **tally.facts()}

    records = tuple(record for _, record in inputs)
    gates = recipe.gates.get("splits", ())
    return Work(recipe.place("splits"), version_of(split, "splits", recipe), records, gates, write, recipe.task.labels)


def cleaned(recipe: Recipe, store: Store) -> list[tuple[Version, Input]]:
    """The published clean version of every batch of the recipe's corpora, and the record of having read it.

    Raises:
        SourceError: a corpus has no batches.
        GateNotPassed: of some batch nothing clean is published.
    """
    inputs: list[tuple[Version, Input]] = []
    for corpus in recipe.corpora:
        batches = corpus.source.batches()
        if not batches:
            raise SourceError(f"the corpus {corpus.name} has no batches; put files where its source looks")
        inputs += [store.read(corpus.place("clean", b), gate_set(corpus.gates, "clean")) for b in batches]
    return inputs


def annotated(recipe: Recipe, store: Store, inputs: list[tuple[Version, Input]]) -> tuple[pa.Table, list[Rejected]]:
    """All clean documents together, annotated, with the source's own splits; and what annotation rejected."""
    rejected: list[Rejected] = []
    tables = [store.audit_documents(version) for version, _ in inputs]
    steps: list[Step] = [(a.name, a) for a in recipe.annotation]
    steps.append((recipe.task.name, recipe.task.accept))
    return to_table(annotate(documents_of(pa.concat_tables(tables)), steps, rejected)), rejected
