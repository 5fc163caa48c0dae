"""Release: the best variant that passed every gate, with its cards."""

from __future__ import annotations

import shutil
from typing import Any

from pipeline import cards
from pipeline.draft import Draft
from pipeline.errors import GateNotPassed
from pipeline.fingerprint import fingerprint
from pipeline.recipe import Recipe, gate_set
from pipeline.stages._versions import version_of
from pipeline.store import Store
from pipeline.version import Input, Version
from pipeline.work import Work


def release(recipe: Recipe, store: Store) -> Work:
    """Release: the best variant (by validation) whose checkpoint is published, copied, with its cards."""
    _, splits = store.read(recipe.place("splits"), gate_set(recipe.gates, "splits"))
    found: list[tuple[Version, Input]] = []
    refused: dict[str, str] = {}
    for variant in recipe.variants:
        try:
            version, record = store.read(recipe.place("checkpoint", variant), gate_set(recipe.gates, "checkpoint"))
        except GateNotPassed as error:
            refused[variant] = str(error)
            continue
        if splits.digest not in {i.digest for i in version.manifest.inputs}:
            refused[variant] = "was trained on other splits than the published ones; materialize it again"
            continue
        found.append((version, record))
    if not found:
        listed = "\n".join(refused.values())
        raise GateNotPassed(f"{recipe.name}: there is no published checkpoint to release\n{listed}")
    key = f"validation_{recipe.task.headline}"
    best, record = max(found, key=lambda pair: dict(pair[0].manifest.facts["metrics"])[key])

    def write(draft: Draft) -> dict[str, Any]:
        folder = store.audit_folder(best)
        shutil.copytree(folder / "model", draft.folder / "model")
        for name in ("evaluation.json", "predictions.parquet"):
            shutil.copy2(folder / name, draft.folder / name)
        cards.write(draft.folder, recipe, best, store, refused)
        draft.rows = best.manifest.rows
        metrics = best.manifest.facts["metrics"]
        return {"variant": best.place.partition, "metrics": metrics, "compared": [v.place.partition for v, _ in found]}

    # every checkpoint that was compared is an input: a new one asks the question again
    others = tuple(r for v, r in found if v is not best)
    # so does what the cards say of it: a waiver or another limit makes new cards of the same checkpoint
    code = fingerprint(version_of(release, "release", recipe), cards.evidence(best, store))
    return Work(recipe.place("release"), code, (record, *others), (), write)
