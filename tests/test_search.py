"""The search: what may vary is checked at loading, trials see no test document, and a stopped search goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from conftest import TinyProject

from assets.cli import main
from pipeline import job, stages
from pipeline.errors import DataSaysNo, TrainingDied, WrongUse
from pipeline.training import Report

SEARCH = {
    "space": {"learning_rate": {"low": 1e-5, "high": 1e-2, "log": True}, "epochs": {"choices": [1, 2]}},
    "trials": 3,
    "startup": 2,
}


class Trainer:
    """Gives each trial the score of its turn, an epoch at a time, and notes what it was given."""

    def __init__(self, scores: list[list[float]]) -> None:
        self.scores = scores
        self.jobs: list[Mapping[str, Any]] = []
        self.ids: list[tuple[list[str], list[str]]] = []

    def __call__(self, todo: job.Job, report: Report) -> None:
        read = {
            n: pq.read_table(todo.folder / "data" / f"{n}.parquet")["id"].to_pylist() for n in ("test", "validation")
        }
        self.ids.append((read["test"], read["validation"]))
        self.jobs.append(dict(todo.training))
        epochs = self.scores[len(self.jobs) - 1]
        for n, value in enumerate(epochs, 1):
            if value < 0:
                raise TrainingDied("killed")
            report({"kind": "epoch", "epoch": n, "validation_entity_f1": value})
        metrics = {"metrics": {"validation_entity_f1": epochs[-1]}}
        (todo.folder / "run.json").write_text(json.dumps(metrics))


def test_the_best_trial_is_the_one_that_validates_best_and_no_trial_sees_a_test_document(made: TinyProject) -> None:
    made.edit_recipe(search=SEARCH)
    recipe, store = made.recipe(), made.store
    trainer = Trainer([[0.3], [0.7], [0.5]])
    version = stages.make(stages.search(recipe, store, trainer), store)
    facts = version.manifest.facts
    assert (facts["score"], facts["trials"], facts["ended_early"]) == (0.7, 3, 0)
    assert facts["best"] == {k: trainer.jobs[1][k] for k in ("learning_rate", "epochs")}
    assert all(1e-5 <= j["learning_rate"] <= 1e-2 and j["epochs"] in (1, 2) for j in trainer.jobs)
    splits = pq.read_table(store.audit_folder(_splits(made)) / "documents.parquet")
    test = {
        i for i, split in zip(splits["id"].to_pylist(), splits["split"].to_pylist(), strict=True) if split == "test"
    }
    assert test
    assert not any(test & {*predicted, *validated} for predicted, validated in trainer.ids)


def test_a_trial_below_the_median_is_ended_after_an_epoch(made: TinyProject) -> None:
    made.edit_recipe(search={**SEARCH, "trials": 3, "startup": 2, "warmup": 0})
    recipe, store = made.recipe(), made.store
    trainer = Trainer([[0.6, 0.7], [0.5, 0.6], [0.1, 0.9]])
    version = stages.make(stages.search(recipe, store, trainer), store)
    rows = json.loads((store.audit_folder(version) / "search.json").read_text())
    assert [(r["state"], r["score"]) for r in rows] == [("done", 0.7), ("done", 0.6), ("ended early", 0.1)]
    assert version.manifest.facts["ended_early"] == 1


def test_a_search_that_was_stopped_goes_on_and_a_training_that_dies_is_one_trial(made: TinyProject) -> None:
    made.edit_recipe(search=SEARCH)
    recipe, store = made.recipe(), made.store

    def interrupted(todo: job.Job, report: Report) -> None:
        first(todo, report)
        if len(first.jobs) == 2:
            raise KeyboardInterrupt

    first = Trainer([[0.4], [0.9]])
    with pytest.raises(KeyboardInterrupt):
        stages.make(stages.search(recipe, store, interrupted), store)
    second = Trainer([[-1.0], [0.6]])
    version = stages.make(stages.search(recipe, store, second), store)
    rows = json.loads((store.audit_folder(version) / "search.json").read_text())
    assert [r["state"] for r in rows] == ["done", "died", "died", "done"]
    assert version.manifest.facts["score"] == 0.6


def test_a_search_in_which_every_training_dies_says_so(made: TinyProject) -> None:
    made.edit_recipe(search={**SEARCH, "trials": 2})
    with pytest.raises(DataSaysNo, match="no trial of the search was finished"):
        stages.make(stages.search(made.recipe(), made.store, Trainer([[-1.0], [-1.0]])), made.store)


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"learning_rat": {"low": 1, "high": 2}}, "unknown key; did you mean 'learning_rate'?"),
        ({"learning_rate": {"low": 1e-5, "high": 3}}, "input should be less than or equal to 0.1, got 3.0"),
        ({"learning_rate": {"low": 1e-5}}, "give low and high, or choices"),
        ({"learning_rate": {"low": 0, "high": 0.1, "log": True}}, "log needs low above 0"),
    ],
)
def test_a_space_that_the_training_does_not_take_is_a_mistake(
    project: TinyProject, space: dict[str, Any], said: str
) -> None:
    project.edit_recipe(search={"space": space})
    mistakes = project.load().mistakes
    assert len(mistakes) == 1
    assert mistakes[0].place.startswith("search.space.")
    assert said in mistakes[0].message


def test_a_recipe_without_a_search_says_how_to_get_one(made: TinyProject) -> None:
    with pytest.raises(WrongUse, match="journeys: the recipe has no `search`"):
        stages.search(made.recipe(), made.store)


def test_the_command_searches_with_real_trainings_and_shows_the_best_as_yaml(made: TinyProject) -> None:
    made.edit_recipe(search={"space": {"learning_rate": {"choices": [1e-3, 3e-3]}}, "trials": 2})
    result = CliRunner().invoke(main, ["search", "journeys"])
    assert result.exit_code == 0, result.output
    assert "training: {learning_rate: 0.00" in result.stdout
    version = made.store.published(made.recipe().place("search"))
    assert version is not None
    assert version.manifest.facts["trials"] == 2


def _splits(made: TinyProject) -> Any:
    version = made.store.published(made.recipe().place("splits"))
    assert version is not None
    return version
