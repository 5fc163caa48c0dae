"""Search: which settings of a recipe's training validate best."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from typing import Any

from pipeline import job
from pipeline.draft import Draft
from pipeline.errors import DataSaysNo, TrainingDied, WrongUse
from pipeline.extras import require
from pipeline.part import build
from pipeline.recipe import BASE_VARIANT, Recipe, gate_set
from pipeline.searching import rows_of
from pipeline.stages._versions import version_of
from pipeline.stages.fine_tune import Trainer, quiet
from pipeline.store import Store
from pipeline.training import Report, Splits
from pipeline.types import Json
from pipeline.work import Work, part_of

TABLE, STUDY, TRIAL = "search.json", "study.db", "trial"


def search(recipe: Recipe, store: Store, train: Trainer = job.run, report: Report = quiet) -> Work:
    """Search: every trial of an Optuna study, the best settings among the facts.

    A trial is a training of the recipe itself, scored on the validation split; a trial that validates badly is ended
    after an epoch (median pruning). The study lies in the version being written, so a search that was killed goes on
    where it was.

    Raises:
        WrongUse: the recipe has no `search`.
    """
    settings = recipe.search
    if settings is None:
        raise WrongUse(f"{recipe.name}: the recipe has no `search`; docs/methods.md shows one")
    version, record = store.read(recipe.place("augmented", BASE_VARIANT), gate_set(recipe.gates, "augmented"))
    split_version, split_record = store.read(recipe.place("splits"), gate_set(recipe.gates, "splits"))
    training, code = recipe.variant(BASE_VARIANT).training, version_of(search, "search", recipe)

    def write(draft: Draft) -> dict[str, Any]:
        optuna = require("optuna", "search")
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        validation = part_of(store.audit_documents(split_version), "validation")
        # no trial sees the test split: what is predicted in its place are the validation documents again
        splits = Splits(store.audit_documents(version), validation, validation, record.digest)
        key = f"validation_{recipe.task.headline}"

        def objective(trial: Any) -> float:
            values = settings.drawn(trial)
            tried = build("training", {**training.settings(places=True), **values})
            shutil.rmtree(draft.folder / TRIAL, ignore_errors=True)
            folder = draft.folder / TRIAL / f"{draft.folder.name}-{trial.number}"  # a tracker names its run by this
            folder.mkdir(parents=True)
            todo = job.Job(folder, recipe.task.settings(places=True), tried.settings(places=True), record.digest, code)

            def pruned(event: Mapping[str, Json]) -> None:
                report({**event, "trial": trial.number})
                if event.get("kind") == "epoch":
                    trial.report(event[key], int(str(event["epoch"])))
                    if trial.should_prune():
                        raise optuna.TrialPruned

            job.lay_out(todo, splits)
            train(todo, pruned)
            return float(json.loads((folder / "run.json").read_text())["metrics"][key])

        study = optuna.create_study(
            study_name=recipe.name,
            storage=f"sqlite:///{draft.folder / STUDY}",
            load_if_exists=True,
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=settings.seed, n_startup_trials=settings.startup),
            pruner=optuna.pruners.MedianPruner(settings.startup, settings.warmup),
        )
        _bury(study, optuna)
        finished = sum(t.state.is_finished() and t.state.name != "FAIL" for t in study.trials)
        study.optimize(objective, n_trials=max(0, settings.trials - finished), catch=(TrainingDied,))
        shutil.rmtree(draft.folder / TRIAL, ignore_errors=True)
        rows = rows_of(study)
        if not any(r["state"] == "done" for r in rows):
            raise DataSaysNo(f"{recipe.name}: no trial of the search was finished; the last words are in the run's log")
        (draft.folder / TABLE).write_text(json.dumps(rows, indent=1))
        draft.rows = len(rows)
        ended = sum(r["state"] == "ended early" for r in rows)
        return {"best": study.best_params, "score": study.best_value, "trials": len(rows), "ended_early": ended}

    inputs = (record, split_record)
    return Work(recipe.place("search"), code, inputs, (), write, keep=True, apart=(STUDY,))


def _bury(study: Any, optuna: Any) -> None:
    """Trials that a killed search left running are over: tried again under a new number."""
    for trial in study.trials:
        if trial.state == optuna.trial.TrialState.RUNNING:
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
