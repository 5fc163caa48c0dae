"""Lift: what each operation of augmentation brings, from the variants that were trained for it."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.draft import Draft
from pipeline.errors import DataSaysNo, WrongUse
from pipeline.lifting import LiftPoint, Measured, compared, harmful
from pipeline.recipe import Recipe, gate_set
from pipeline.stages._children import noised
from pipeline.stages._versions import version_of
from pipeline.stages.fine_tune import fine_tune
from pipeline.store import Store
from pipeline.task._learnable import LearnableTask
from pipeline.version import Version
from pipeline.work import Work, part_of

TABLE = "lift.json"


def lift(recipe: Recipe, store: Store) -> Work:
    """Lift: a table of scores without and with each operation, clean and noised, with paired intervals.

    The checkpoints are compared as they were made, whether or not their gates let them through: none is released.

    Raises:
        WrongUse: the recipe has no `lift`, or its task has no headline that can be compared.
        DataSaysNo: some variants are not trained yet; names them.
    """
    variants = {name: v.lift for name, v in recipe.variants.items() if v.lift is not None}
    if not variants:
        raise WrongUse(f"{recipe.name}: the recipe has no `lift`; docs/augmentation_measured.md shows one")
    if not isinstance(recipe.task, LearnableTask):
        raise WrongUse(f"{recipe.name}: the task {recipe.task.name} has no score to compare")
    divided, _ = store.read(recipe.place("splits"), gate_set(recipe.gates, "splits"))
    found: list[tuple[LiftPoint, Version]] = []
    missing: list[str] = []
    for name, point in variants.items():
        version = trained(recipe, name, store)
        if version is None:
            missing.append(name)
        else:
            found.append((point, version))
    if missing:
        shown = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        how = f"`gristmill augment-report {recipe.name} --train`, or a backfill over these partitions"
        raise DataSaysNo(f"{recipe.name}: {len(missing)} of {len(variants)} variants are not trained: {shown}; {how}")
    task = recipe.task

    def write(draft: Draft) -> dict[str, Any]:
        test = part_of(store.audit_documents(divided), "test")
        copies = {"clean": test, "noised": noised(found[0][0].noise, test)}
        rows = compared([_measured(task, point, version, copies, store) for point, version in found])
        (draft.folder / TABLE).write_text(json.dumps(rows, indent=1))
        draft.rows = len(rows)
        return {"compared": len(found), "harmful": harmful(rows)}

    inputs = tuple(version.as_input((), None) for _, version in found)
    code = version_of(lift, "lift", recipe)
    return Work(recipe.place("lift"), code, inputs, (), write)


def trained(recipe: Recipe, variant: str, store: Store) -> Version | None:
    """The checkpoint of a variant as it would be made now, if it was made; its gates are not asked."""
    try:
        work = fine_tune(recipe, variant, store)
    except DataSaysNo:
        return None
    return store.find(work.place, work.version)


def _measured(
    task: LearnableTask, point: LiftPoint, version: Version, copies: dict[str, pa.Table], store: Store
) -> Measured:
    files = {"clean": "predictions.parquet", "noised": "predictions_noised.parquet"}
    folder = store.audit_folder(version)
    predictions = {copy: pq.read_table(folder / file) for copy, file in files.items()}
    values = {copy: task.headline_value(copies[copy], p) for copy, p in predictions.items()}
    return Measured(point, values, {copy: task.headline_draws(copies[copy], p) for copy, p in predictions.items()})
