"""The numbers of a checkpoint: scored again from its predictions, and as the model card shows them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import zip_longest
from typing import Any

from pipeline.cards.chain import stage_of
from pipeline.cards.model_card import numbers
from pipeline.recipe import Recipe
from pipeline.verifying._bytes import table
from pipeline.verifying._findings import Findings
from pipeline.version import Version
from pipeline.work import part_of

ERRORS_FILE = "errors.jsonl"  # beside the checkpoint only: a release holds no text of the corpus


def same_scores(release: Version, chain: Sequence[Version], recipe: Recipe, found: Findings) -> None:
    """The release's files are its checkpoint's; predictions give the evaluation, the evaluation gives the card."""
    folder = found.folder(release)
    evaluation = found.json(f"{folder}/evaluation.json")
    checkpoint = next((v for v in chain if stage_of(v.place) == "checkpoint"), None)
    if evaluation is None or checkpoint is None:
        return
    copies = [n for n in release.manifest.files if n.startswith("model/")]
    for name in ("evaluation.json", "predictions.parquet", *copies):
        here, there = (v.manifest.files.get(name, "nothing") for v in (release, checkpoint))
        found.same(f"{folder}/{name}", "SHA-256 of the checkpoint's", here, there)
    for version in (checkpoint, release):
        facts = dict(version.manifest.facts["metrics"])
        for key in evaluation["metrics"].keys() & facts.keys():
            found.same(
                f"{found.folder(version)}/manifest.json",
                f"/facts/metrics/{key}",
                facts[key],
                evaluation["metrics"][key],
            )
    with found.reading(f"{folder}/predictions.parquet"):
        again = _scored(folder, chain, recipe, found)
        errors = again.pop("errors")
        said = {k: v for k, v in evaluation["metrics"].items() if k in again["metrics"]}  # not those of validation
        found.alike(f"{folder}/evaluation.json", {"metrics": said, "tables": evaluation["tables"]}, again)
        file = f"{found.folder(checkpoint)}/{ERRORS_FILE}"
        with found.reading(file):
            found.alike(file, _listed(file, found), errors)
    with found.reading(f"{folder}/model_card.md"):
        lines = found.store.files.read(f"{folder}/model_card.md").decode().splitlines()
        should = numbers(evaluation)
        start = lines.index(should[0])
        for line, right in zip_longest(lines[start : start + len(should)], should, fillvalue="nothing"):
            found.same(f"{folder}/model_card.md", should[0].removeprefix("## "), line, right)


def _listed(file: str, found: Findings) -> list[Any]:
    return [json.loads(line) for line in found.store.files.read(file).decode().split("\n") if line]


def _scored(folder: str, chain: Sequence[Version], recipe: Recipe, found: Findings) -> dict[str, Any]:
    """What the task says of the predictions, as JSON."""
    by_stage = {stage_of(v.place): v for v in reversed(chain)}  # nearest first: a teacher's are behind the student's
    documents, train = (table(f"{found.folder(by_stage[n])}/documents.parquet", found) for n in ("splits", "augmented"))
    predictions = table(f"{folder}/predictions.parquet", found)
    evaluation = recipe.task.evaluate(part_of(documents, "test"), predictions, train)
    return dict(json.loads(json.dumps(asdict(evaluation))))
