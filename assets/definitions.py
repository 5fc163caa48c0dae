"""What Dagster loads: `dagster dev`, `dagster definitions validate` and `dg` all find `defs` here."""

from typing import Any

import dagster as dg

from assets import automation, graph
from pipeline.loading import load_recipes
from pipeline.recipe import Project
from resources import where
from resources.gpu import TrainingProcess
from resources.store import StoreResource
from resources.tracker import Tracker

# Steps of a run started from the UI or the daemon are forked from a server that has the slow imports behind it.
EXECUTOR: dict[str, Any] = {
    "max_concurrent": 2,
    "start_method": {
        "forkserver": {
            "preload_modules": ["dagster", "assets.definitions", "great_expectations", "fairlearn.metrics", "polars"]
        }
    },
}


def build(project: Project, store_url: str) -> dg.Definitions:
    """The whole graph of a project. A recipe that did not load stands in it as one asset that says why."""
    assets: list[Any] = []
    jobs: list[Any] = []
    sensors: list[Any] = []
    schedules: list[Any] = []
    for corpus in project.corpora.values():
        assets += graph.of_corpus(corpus)
        new_jobs, new_sensors = automation.of_corpus(corpus)
        jobs, sensors = jobs + new_jobs, sensors + new_sensors
    for recipe in project.recipes.values():
        assets += graph.of_recipe(recipe)
        new_jobs, new_schedules = automation.of_recipe(recipe)
        jobs, schedules = jobs + new_jobs, schedules + new_schedules
    for name in project.broken:
        own, shared = ([m for m in project.mistakes if m.file.endswith(f"/{f}.yaml")] for f in (name, "corpora"))
        why = "\n".join(f"- {m}" for m in (*own, *shared))
        assets.append(dg.AssetSpec([name, "does_not_load"], group_name="recipes_with_mistakes", description=why))
    return dg.Definitions(
        assets=assets,
        jobs=jobs,
        sensors=sensors,
        schedules=schedules,
        resources={
            "store": StoreResource(url=store_url),
            "gpu": TrainingProcess(processes=where.training_processes()),
            "tracker": Tracker(),
        },
        executor=dg.multiprocess_executor.configured(EXECUTOR),
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The recipes of this project, or of the folder that GRISTMILL_RECIPES names."""
    return build(load_recipes(where.recipes_folder()), where.store_url())
