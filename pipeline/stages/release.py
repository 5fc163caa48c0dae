"""Release: the best variant that passed every gate, with its cards."""

from __future__ import annotations

import json
import shutil
from typing import Any

from pipeline import cards
from pipeline.draft import Draft
from pipeline.errors import GateNotPassed
from pipeline.fingerprint import code_of, fingerprint
from pipeline.frontier import chosen
from pipeline.quality._diversity import measured
from pipeline.recipe import Recipe, gate_set
from pipeline.stages._versions import version_of
from pipeline.stages.augment import code_of_augmented
from pipeline.stages.clean import clean
from pipeline.stages.collect import collect
from pipeline.stages.fine_tune import fine_tune
from pipeline.stages.frontier import candidates
from pipeline.stages.ledger import ledger
from pipeline.stages.split import split
from pipeline.store import Store
from pipeline.task._learnable import LearnableTask
from pipeline.version import Input, Version
from pipeline.work import Work, part_of


def release(recipe: Recipe, store: Store) -> Work:
    """Release: of the variants whose checkpoint is published the one that `frontier.chosen` takes, with its cards."""
    divided, splits = store.read(recipe.place("splits"), gate_set(recipe.gates, "splits"))
    accounts, account = store.read(recipe.place("ledger"), gate_set(recipe.gates, "ledger"))
    if splits.digest not in {i.digest for i in accounts.manifest.inputs}:
        raise GateNotPassed(f"{accounts.place}: is of other splits than the published ones; materialize it again")
    found: list[tuple[Version, Input]] = []
    refused: dict[str, str] = {}
    for variant in (name for name, v in recipe.variants.items() if v.lift is None):
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
    best, record, beaten = _best(recipe, found, divided, store)
    refused |= beaten
    otherwise = _otherwise(recipe, best, accounts, store)

    def write(draft: Draft) -> dict[str, Any]:
        folder = store.audit_folder(best)
        shutil.copytree(folder / "model", draft.folder / "model")
        for name in ("evaluation.json", "predictions.parquet"):
            shutil.copy2(folder / name, draft.folder / name)
        (draft.folder / "baselines.json").write_text(json.dumps(_baselines(recipe, divided, store), indent=1))
        cards.write(draft.folder, recipe, (best, accounts), store, refused, otherwise)
        draft.rows = best.manifest.rows
        metrics = best.manifest.facts["metrics"]
        return {"variant": best.place.partition, "metrics": metrics, "compared": [v.place.partition for v, _ in found]}

    # every checkpoint that was compared is an input: a new one asks the question again
    others = tuple(r for v, r in found if v is not best)
    # so does what the cards say of it: a waiver, a limit or a setting makes new cards of the same checkpoint
    said = [cards.evidence(best, store), cards.told(recipe), sorted(otherwise), code_of("pipeline.quality._diversity")]
    said.append(code_of("pipeline.frontier"))
    code = fingerprint(version_of(release, "release", recipe), *said)
    return Work(recipe.place("release"), code, (record, *others, account), (), write)


def _best(
    recipe: Recipe, found: list[tuple[Version, Input]], divided: Version, store: Store
) -> tuple[Version, Input, dict[str, str]]:
    """The checkpoint to release with its record, and for every other variant why not it."""
    versions = [version for version, _ in found]
    if len(found) == 1:
        return *found[0], {}
    if not isinstance(recipe.task, LearnableTask):
        key = f"validation_{recipe.task.headline}"
        best = max(versions, key=lambda v: dict(v.manifest.facts["metrics"])[key])
        return best, {v.place: r for v, r in found}[best.place], {}
    taken, others = chosen(list(candidates(recipe, recipe.task, versions, store.audit_documents(divided), store)))
    best, record = next(pair for pair in found if pair[0].place.partition == taken.variant)
    return best, record, others


def _baselines(recipe: Recipe, divided: Version, store: Store) -> dict[str, dict[str, float]]:
    """How diverse the training split is, by language: what a later recipe's gates can be held against."""
    train = part_of(store.audit_documents(divided), "train")
    return {language: measured(train, language) for language in sorted({c.language for c in recipe.corpora})}


def _otherwise(recipe: Recipe, best: Version, accounts: Version, store: Store) -> frozenset[str]:
    """The assets of both versions' ancestry that other settings or other code made than the recipe's of now."""
    variant = best.place.partition
    now = {
        recipe.place("splits").asset: version_of(split, "splits", recipe),
        recipe.place("ledger").asset: version_of(ledger, "ledger", recipe),
        recipe.place("augmented").asset: code_of_augmented(recipe, variant, store),
        recipe.place("checkpoint").asset: version_of(fine_tune, "checkpoint", recipe, variant),
    }
    for corpus in recipe.corpora:
        now[f"corpora/{corpus.name}/raw"] = version_of(collect, "raw", corpus)
        now[f"corpora/{corpus.name}/clean"] = version_of(clean, "clean", corpus)
    made = ((v.place.asset, v.manifest.fingerprint) for v in cards.ancestry((best, accounts), store))
    return frozenset(asset for asset, by in made if now.get(asset, by) != by)
