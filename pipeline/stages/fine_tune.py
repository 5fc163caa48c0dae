"""Checkpoint: one variant trained and scored."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow.parquet as pq

from pipeline import counterfactual, job
from pipeline.draft import Draft
from pipeline.encoder import ENCODER
from pipeline.recipe import Recipe, gate_set, made_models
from pipeline.stages._children import noised
from pipeline.stages._unlabelled import unlabelled
from pipeline.stages._versions import version_of
from pipeline.store import Store
from pipeline.training import Report, Splits
from pipeline.version import Input, Version
from pipeline.work import COUNTERFACTUAL, Work, part_of

Trainer = Callable[[job.Job, Report], object]


def quiet(_: Mapping[str, Any]) -> None:
    """A report that nobody reads."""


def fine_tune(recipe: Recipe, variant: str, store: Store, train: Trainer = job.run, report: Report = quiet) -> Work:
    """Checkpoint: the model folder, its predictions on test, its numbers. `train` runs the job, here or elsewhere."""
    version, record = store.read(recipe.place("augmented", variant), gate_set(recipe.gates, "augmented"))
    models = models_of(recipe, variant, store)
    split_version, split_record = store.read(recipe.place("splits"), gate_set(recipe.gates, "splits"))
    training, point = recipe.variant(variant).training, recipe.variant(variant).lift
    code = version_of(fine_tune, "checkpoint", recipe, variant)
    gates = recipe.gates.get("checkpoint", ())

    def write(draft: Draft) -> dict[str, Any]:
        documents = store.audit_documents(split_version)
        augmented = store.audit_documents(version)
        parts = {name: part_of(documents, name) for name in ("validation", "test")}
        todo = job.Job(
            draft.folder, recipe.task.settings(places=True), training.settings(places=True), record.digest, code
        )
        copies = {} if point is None else {"noised": noised(point.noise, parts["test"])}
        swapped = counterfactual.copies(gates, augmented, parts["test"])
        if swapped is not None:
            copies["counterfactual"] = swapped
        folders = {name: store.audit_folder(made) / "model" for name, (made, _) in models.items()}
        asked = training.unlabelled
        more, left_out = unlabelled(recipe, store, split_version, documents) if asked else (None, {})
        held = (parts["validation"], parts["test"])
        job.lay_out(todo, Splits(augmented, *held, record.digest, copies, folders, more))
        train(todo, report)
        job.clear(todo)
        if swapped is not None and (draft.folder / f"predictions_{COUNTERFACTUAL}").exists():
            pq.write_table(swapped, draft.folder / COUNTERFACTUAL)
        draft.rows = augmented.num_rows
        run = json.loads((draft.folder / "run.json").read_text())
        sizes = {"train": augmented.num_rows, **{name: part.num_rows for name, part in parts.items()}}
        facts = {"documents_by_split": sizes, **({"unlabelled_left_out": left_out} if asked else {})}
        return {**facts, **{k: run[k] for k in ("metrics", "base_model", "device", "seconds")}}

    place = recipe.place("checkpoint", variant)
    inputs = (record, split_record, *(made for _, made in models.values()))
    return Work(
        place, code, inputs, gates, write, recipe.task.labels, True, job.TIMES, released_at=recipe.place("release")
    )


def models_of(recipe: Recipe, variant: str, store: Store) -> dict[str, tuple[Version, Input]]:
    """The published models of the recipe's own that a variant starts from. Raises GateNotPassed where one is not."""
    found = {}
    for name, made_by in made_models(recipe.variant(variant).training).items():
        if name == ENCODER:
            found[name] = store.read(recipe.place("encoder"), {})
        else:
            found[name] = store.read(recipe.place("checkpoint", made_by), gate_set(recipe.gates, "checkpoint"))
    return found
