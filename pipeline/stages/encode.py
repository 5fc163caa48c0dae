"""Encoder: a base model pre-trained further on the recipe's own text, annotated or not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pyarrow as pa

from pipeline import job
from pipeline.draft import Draft
from pipeline.errors import WrongUse
from pipeline.recipe import Recipe, gate_set
from pipeline.stages._unlabelled import unlabelled
from pipeline.stages._versions import version_of
from pipeline.stages.fine_tune import Trainer, quiet
from pipeline.store import Store
from pipeline.training import Report, Splits
from pipeline.work import Work, part_of


def encode(recipe: Recipe, store: Store, train: Trainer = job.run, report: Report = quiet) -> Work:
    """Encoder: the model folder and its numbers.

    It reads the training split and the documents that came without annotation, as far as they say nothing of what is
    held out; validation measures, test is not read.

    Raises:
        WrongUse: the recipe has no `encoder`.
    """
    method = recipe.encoder
    if method is None:
        raise WrongUse(f"{recipe.name}: the recipe has no `encoder`; docs/encoder.md shows one")
    version, record = store.read(recipe.place("splits"), gate_set(recipe.gates, "splits"))
    code = version_of(encode, "encoder", recipe)

    def write(draft: Draft) -> dict[str, Any]:
        documents = store.audit_documents(version)
        annotated, validation = (part_of(documents, name) for name in ("train", "validation"))
        more, left_out = unlabelled(recipe, store, version, documents)
        texts = pa.concat_tables([annotated, more])
        todo = job.Job(draft.folder, recipe.task.settings(places=True), {}, record.digest, code)
        todo = replace(todo, encoder=method.settings(places=True))
        job.lay_out(todo, Splits(texts, validation, validation.slice(0, 0), record.digest))
        train(todo, report)
        job.clear(todo)
        draft.rows = texts.num_rows
        run = json.loads((draft.folder / "run.json").read_text())
        facts = {"documents": texts.num_rows, "unlabelled": more.num_rows, "unlabelled_left_out": left_out}
        return {**facts, **{k: run[k] for k in ("metrics", "device")}}

    return Work(recipe.place("encoder"), code, (record,), (), write, keep=True, apart=job.TIMES)
