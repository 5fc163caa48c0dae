"""Frontier: what every trained variant of a recipe scores and costs, side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.draft import Draft
from pipeline.errors import DataSaysNo, WrongUse
from pipeline.frontier import Candidate, Scores, chosen, table
from pipeline.recipe import Recipe, gate_set
from pipeline.stages._versions import version_of
from pipeline.stages.lift import trained
from pipeline.store import Store
from pipeline.task._learnable import LearnableTask
from pipeline.version import Version
from pipeline.work import Work, part_of

TABLE = "frontier.json"
FILES = {"validation": "predictions_validation.parquet", "test": "predictions.parquet"}


def frontier(recipe: Recipe, store: Store) -> Work:
    """Frontier: a row for each variant that is trained as the recipe says now, whether or not its gates let it through.

    Raises:
        WrongUse: the task has no score that can be compared.
        DataSaysNo: no variant is trained.
    """
    if not isinstance(recipe.task, LearnableTask):
        raise WrongUse(f"{recipe.name}: the task {recipe.task.name} has no score to compare")
    divided, _ = store.read(recipe.place("splits"), gate_set(recipe.gates, "splits"))
    found: list[Version] = []
    missing: list[str] = []
    for name in (name for name, v in recipe.variants.items() if v.lift is None):
        version = trained(recipe, name, store)
        if version is None:
            missing.append(name)
        else:
            found.append(version)
    if not found:
        how = f"`gristmill frontier {recipe.name} --train`, or a backfill over the variants"
        raise DataSaysNo(f"{recipe.name}: no variant is trained; {how}")
    task, gates = recipe.task, gate_set(recipe.gates, "checkpoint")

    def write(draft: Draft) -> dict[str, Any]:
        made = list(candidates(recipe, task, found, store.audit_documents(divided), store))
        published = {v.place.partition: store.published(v.place, gates) == v for v in found}
        rows = table(made, published)
        (draft.folder / TABLE).write_text(json.dumps(rows, indent=1))
        draft.rows = len(rows)
        taken, _ = chosen(made)
        return {"variants": len(rows), "not_trained": missing, "best": taken.variant}

    inputs = tuple(version.as_input() for version in found)
    return Work(recipe.place("frontier"), version_of(frontier, "frontier", recipe), inputs, (), write)


def candidates(
    recipe: Recipe, task: LearnableTask, versions: list[Version], documents: pa.Table, store: Store
) -> Iterator[Candidate]:
    """Each checkpoint with its scores on validation and test of `documents`, the splits that it was made of."""
    gold = {split: part_of(documents, split) for split in FILES}
    for version in versions:
        variant, folder = version.place.partition, store.audit_folder(version)
        metrics = {k: float(v) for k, v in version.manifest.facts["metrics"].items()}
        scores = {}
        for split, file in FILES.items():
            value = metrics[f"validation_{task.headline}" if split == "validation" else task.headline]
            predicted = pq.read_table(folder / file) if (folder / file).exists() else None
            scores[split] = Scores(value, None if predicted is None else task.headline_draws(gold[split], predicted))
        yield Candidate(variant, recipe.variant(variant).training.name, scores, metrics)
