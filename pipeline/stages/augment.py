"""Augmented: the training documents and their children."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pyarrow as pa

from pipeline.draft import Draft
from pipeline.fingerprint import fingerprint
from pipeline.frames import REJECTED, documents_of, to_batch
from pipeline.recipe import Recipe, gate_set
from pipeline.splitting.placing import first_of
from pipeline.stages._children import children, sifted
from pipeline.stages._versions import version_of
from pipeline.store import Store
from pipeline.tally import Tally
from pipeline.task import Task
from pipeline.types import Document, Json, Rejected
from pipeline.work import Work, part_of

HELD_APART = 0.5  # Jaccard similarity to a held-out document from which on a child is dropped, unless `split` says less


def augment(recipe: Recipe, variant: str, store: Store, processes: int | None = None) -> Work:
    """Augmented: the training documents and their children; validation and test are not in here.

    A child stays where it is told from every document of the splits, from its siblings, and is one of at most
    `children_per_parent`; the others are kept as rejected, with the reason. What was refused is counted.
    """
    chosen, omitted = recipe.variant(variant), left_out(recipe, variant, store)
    version, record = store.read(recipe.place("splits"), gate_set(recipe.gates, "splits"))

    def write(draft: Draft) -> dict[str, Any]:
        tally = Tally()
        splits = store.audit_documents(version)
        train = first_of(part_of(splits, "train"), chosen.train_documents)
        made: list[pa.RecordBatch] = []
        refused: dict[str, Json] = {}
        for augmenter in (a for a in chosen.augmentation if a.name not in omitted):
            reasons = Counter[str]()
            for batch, why in children(augmenter, train, processes):
                made.append(batch if recipe.task.mentions else _fit_for(recipe.task, batch, reasons))
                reasons.update(why)
            if reasons:
                refused[augmenter.name] = dict(sorted(reasons.items()))
        apart = min(HELD_APART, recipe.split.apart or HELD_APART)
        kept, dropped = sifted(made, splits, recipe.children_per_parent, apart)

        def rows() -> Iterator[pa.RecordBatch]:
            yield from chain(train.to_batches(), kept.to_batches())

        draft.write(tally.counted(rows()))
        draft.write_rejected(dropped.cast(REJECTED).to_batches())
        counts: dict[str, Any] = {"originals": train.num_rows, "refused": refused}
        return {**counts, **({"left_out": omitted} if omitted else {}), **tally.facts()}

    place = recipe.place("augmented", variant)
    gates = recipe.gates.get("augmented", ())
    return Work(place, code_of_augmented(recipe, variant, store), (record,), gates, write, recipe.task.labels)


def _fit_for(task: Task, children: pa.RecordBatch, reasons: Counter[str]) -> pa.RecordBatch:
    """The children that the task can use: with spans that are no mentions, two joined texts have two questions."""
    checked = [task.accept(child) for child in documents_of(children)]
    if unfit := sum(isinstance(one, Rejected) for one in checked):
        reasons["the task cannot use it: a part of its text is there twice or not at all"] += unfit
    return to_batch(one for one in checked if isinstance(one, Document))


def code_of_augmented(recipe: Recipe, variant: str, store: Store) -> str:
    """The fingerprint of an augmented version: its settings, and what the lift left out of them."""
    omitted = left_out(recipe, variant, store)
    code = version_of(augment, "augmented", recipe, variant)
    return fingerprint(code, omitted) if omitted else code


def left_out(recipe: Recipe, variant: str, store: Store) -> dict[str, str]:
    """Operation → why it is left out: those that say `when: helps` and that the published lift finds harmful."""
    asked = {a.name for a in recipe.variant(variant).augmentation if a.when == "helps"}
    version = store.published(recipe.place("lift")) if asked else None
    found = {} if version is None else dict(version.manifest.facts["harmful"])
    return {name: str(found[name]) for name in sorted(asked) if name in found}
