"""A tiny real project for the tests: two batches of a made-up corpus, one recipe, a training of seconds.

- `project`: written fresh into `tmp_path`, nothing made yet.
- `made`: the same with everything up to `augmented` made and published, no training.
- `trained`: the same after `stages.run`; one training a session, every test gets its own copy.
- `faked`: a trainer that takes no time and gives the numbers it is told.

The environment that the command and Dagster read (`GRISTMILL_RECIPES`, `GRISTMILL_STORE`, `DAGSTER_HOME`) points to the
project of the test and is put back afterwards.
"""

# ruff: noqa: E402 - the environment comes before the imports that read it

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

# Before anything imports torch, tokenizers or great_expectations.
QUIET = {
    "OMP_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}
os.environ.update(QUIET)

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from pipeline import job, stages
from pipeline.loading import load_recipes
from pipeline.recipe import Project, Recipe
from pipeline.stages import Trainer
from pipeline.store import Store

PEOPLE = ("Anna", "Bo", "Carla", "Dmitri", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jonas")
CITIES = ("Paris", "Oslo", "Lima", "Cairo", "Quito", "Delhi", "Berne")

CORPORA: dict[str, Any] = {
    "tiny": {
        "description": "Made-up journeys.",
        "source": {"use": "jsonl", "path": "?"},
        "language": "en",
        "licence": "CC0, made up for the tests",
        "groups": {"domain": "travel"},
        "cleaning": ["normalize_unicode", "collapse_whitespace", {"use": "min_length", "chars": 5}],
        "gates": {"clean": {"quality": [{"use": "rejected_share", "at_most": 0.5}]}},
    }
}
RECIPE: dict[str, Any] = {
    "name": "journeys",
    "description": "Persons and places in made-up journeys.",
    "task": {"use": "ner", "labels": ["PER", "LOC"]},
    "corpora": ["tiny"],
    "annotation": ["gold"],
    "split": {"validation": 0.2, "test": 0.2, "seed": 13},
    "augmentation": [{"use": "swap_entities", "copies": 1}],
    "training": {
        "use": "full",
        "layers": 1,
        "adapt_vocabulary": True,
        "epochs": 1,
        "max_length": 64,
        "batch_tokens": 512,
        "learning_rate": 0.001,
    },
    "variants": {"plain": {"augmentation": []}},
    "gates": {
        "splits": {"quality": ["no_leakage"]},
        "checkpoint": {"quality": [{"use": "f1", "metric": "token_micro_f1", "at_least": 0.1}]},
    },
}


@dataclass(frozen=True)
class TinyProject:
    """A folder with `corpus/`, `recipes/`, `store/` and `dagster/`."""

    root: Path

    @property
    def recipes(self) -> Path:
        return self.root / "recipes"

    @property
    def corpus(self) -> Path:
        return self.root / "corpus"

    @property
    def store(self) -> Store:
        return Store(str(self.root / "store"))

    @property
    def environment(self) -> dict[str, str]:
        """What the command and Dagster are told of this project."""
        return {
            "GRISTMILL_RECIPES": str(self.recipes),
            "GRISTMILL_STORE": str(self.root / "store"),
            "DAGSTER_HOME": str(self.root / "dagster"),
        }

    def load(self, *settings: str) -> Project:
        return load_recipes(self.recipes, settings, "journeys")

    def recipe(self, *settings: str) -> Recipe:
        return self.load(*settings).recipe("journeys")

    def edit_recipe(self, **changes: Any) -> None:
        """Replace top-level keys of recipes/journeys.yaml; None takes a key away."""
        self._edit("journeys.yaml", lambda data: data, changes)

    def edit_corpus(self, **changes: Any) -> None:
        """Replace keys of the corpus `tiny`; None takes a key away."""
        self._edit("corpora.yaml", lambda data: data["tiny"], changes)

    def _edit(self, name: str, inside: Callable[[Any], Any], changes: Mapping[str, Any]) -> None:
        path = self.recipes / name
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        for key, value in changes.items():
            if value is None:
                inside(data).pop(key)
            else:
                inside(data)[key] = value
        path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), encoding="utf-8")


def good_lines(batch: str, count: int = 40) -> list[dict[str, Any]]:
    """Annotated documents, no two of one text."""
    lines = []
    for n in range(count):
        person, city = PEOPLE[n % len(PEOPLE)], CITIES[n % len(CITIES)]
        text = f"{person} flew to {city} with ticket {batch}{n}."
        at = text.index(city)
        spans = [
            {"start": 0, "end": len(person), "label": "PER"},
            {"start": at, "end": at + len(city), "label": "LOC"},
        ]
        lines.append({"id": f"{batch}-{n}", "text": text, "spans": spans})
    return lines


def nasty_lines(batch: str) -> list[Any]:
    """What every stage has to drop something of: each line says what is wrong with it."""
    first = good_lines("one")
    acme = [{"start": 0, "end": 4, "label": "ORG"}]
    if batch == "one":
        return [
            {"id": "short", "text": "Hi", "spans": []},
            {"id": "unknown-label", "text": "Acme flew nobody anywhere.", "spans": acme},
            {"id": "unannotated", "text": "Nobody said who was there."},
        ]
    return [
        {"id": "one-0", "text": "Anna came back under an id that is taken.", "spans": []},
        {**first[1], "id": "same-text"},
        "this line is not JSON",
    ]


def write_project(root: Path) -> TinyProject:
    """Write the files of a tiny project below `root`; raw has 43 and 42 rows, one line is rejected at once."""
    made = TinyProject(root)
    for folder in (made.recipes, made.corpus):
        folder.mkdir(parents=True)
    for batch in ("one", "two"):
        lines = [x if isinstance(x, str) else json.dumps(x) for x in [*good_lines(batch), *nasty_lines(batch)]]
        (made.corpus / f"{batch}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    _write_yaml(made)
    return made


def _write_yaml(made: TinyProject) -> None:
    corpora = {"tiny": {**CORPORA["tiny"], "source": {"use": "jsonl", "path": str(made.corpus)}}}
    for name, data in (("corpora", corpora), ("journeys", RECIPE)):
        text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
        (made.recipes / f"{name}.yaml").write_text(text, encoding="utf-8")


def copied(source: TinyProject, root: Path) -> TinyProject:
    """A project of its own with everything that another one has made."""
    shutil.copytree(source.root, root)
    copy = TinyProject(root)
    _write_yaml(copy)
    return copy


def make_all(recipe: Recipe, store: Store, *, last: str) -> None:
    """Make, judge and publish every stage of the recipe itself up to and with `last`."""
    for work in chain(stages.prepared(recipe, store), stages.trained(recipe, "base", store)):
        stages.make(work, store)
        stages.judge(work, store)
        if work.place.asset.endswith(f"/{last}"):
            return


def fake_trainer(validation: float, **metrics: float) -> Trainer:
    """A trainer that writes a checkpoint of a few bytes with these numbers."""

    def train(todo: job.Job, report: object) -> None:
        numbers = {"validation_entity_f1": validation, "entity_f1": validation, "token_micro_f1": 0.9, **metrics}
        (todo.folder / "model").mkdir()
        (todo.folder / "model" / "config.json").write_text('{"architectures": ["BertForTokenClassification"]}')
        (todo.folder / "model" / "weights").write_text(str(validation))
        test = pq.read_table(todo.folder / "data" / "test.parquet", columns=["id"])
        none = pa.array([[] for _ in range(test.num_rows)], pa.list_(pa.struct([("label", pa.string())])))
        pq.write_table(test.append_column("spans", none), todo.folder / "predictions.parquet")
        (todo.folder / "evaluation.json").write_text(json.dumps({"metrics": numbers, "tables": {}}))
        (todo.folder / "loss.json").write_text("[]")
        run = {"metrics": numbers, "base_model": "none", "device": {"kind": "cpu"}, "seconds": 0.0}
        (todo.folder / "run.json").write_text(json.dumps(run))

    return train


# The longest files begin first: a file is one worker's, and the last one should not keep the others waiting.
END_TO_END = ("end_to_end_bundled", "end_to_end_users", "end_to_end_reviews")
FIRST = ("servers", *END_TO_END, "gpu", "crashing", "cluster", "docs")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of `FIRST` before the others; the order inside of a file stays."""
    ranks = {f"test_{name}": rank for rank, name in enumerate(FIRST)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(ranks)))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinyProject:
    """A tiny project, nothing made yet."""
    return _entered(write_project(tmp_path / "project"), monkeypatch)


@pytest.fixture(scope="session")
def _session_made(tmp_path_factory: pytest.TempPathFactory) -> TinyProject:
    made = write_project(tmp_path_factory.mktemp("made") / "project")
    make_all(made.recipe(), made.store, last="augmented")
    return made


@pytest.fixture(scope="session")
def _session_trained(_session_made: TinyProject, tmp_path_factory: pytest.TempPathFactory) -> TinyProject:
    trained = copied(_session_made, tmp_path_factory.mktemp("trained") / "project")
    stages.run(trained.recipe(), trained.store)
    return trained


@pytest.fixture
def made(_session_made: TinyProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinyProject:
    """A tiny project with everything up to `augmented` published; a copy of its own."""
    return _entered(copied(_session_made, tmp_path / "project"), monkeypatch)


@pytest.fixture
def trained(_session_trained: TinyProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinyProject:
    """A tiny project after `stages.run`; a copy of its own."""
    return _entered(copied(_session_trained, tmp_path / "project"), monkeypatch)


@pytest.fixture
def faked() -> Callable[..., Trainer]:
    """Makes a trainer of given numbers: `faked(validation=0.5, entity_f1=0.4)`."""
    return fake_trainer


def _entered(entered: TinyProject, monkeypatch: pytest.MonkeyPatch) -> TinyProject:
    for name, value in entered.environment.items():
        monkeypatch.setenv(name, value)
    return entered


def files_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file of a folder with its size and the time it was written, for a comparison of before and after."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(_walk(folder))
    }


def _walk(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file()) if folder.exists() else iter(())
