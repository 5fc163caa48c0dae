"""Augmented: the training documents and their children."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from pipeline.draft import Draft
from pipeline.frames import documents_of, to_batches
from pipeline.recipe import Recipe, gate_set
from pipeline.stages._versions import version_of
from pipeline.store import Store
from pipeline.tally import Tally
from pipeline.work import Work, part_of


def augment(recipe: Recipe, variant: str, store: Store) -> Work:
    """Augmented: the training documents and their children; validation and test are not in here."""
    augmenters = recipe.variant(variant).augmentation
    version, record = store.read(recipe.place("splits"), gate_set(recipe.gates, "splits"))

    def write(draft: Draft) -> dict[str, Any]:
        tally = Tally()
        train = part_of(store.audit_documents(version), "train")

        def rows() -> Iterator[pa.RecordBatch]:
            yield from train.to_batches()
            for augmenter in augmenters:
                fitted = augmenter.fitted(documents_of(train))
                yield from to_batches(c for d in documents_of(train) for c in fitted(d, fitted.rng(d)))

        draft.write(tally.counted(rows()))
        draft.write_rejected([])
        return {"originals": train.num_rows, **tally.facts()}

    place = recipe.place("augmented", variant)
    gates = recipe.gates.get("augmented", ())
    return Work(place, version_of(augment, "augmented", recipe, variant), (record,), gates, write, recipe.task.labels)
