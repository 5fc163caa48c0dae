"""A tiny real project for the graph's tests: recipes in YAML, a folder of JSONL letters, a training of seconds."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg
import yaml

from assets.definitions import build
from pipeline.loading import load_recipes
from pipeline.recipe import Corpus, Project, Recipe
from pipeline.store import Store
from pipeline.version import Version
from resources import where

T = TypeVar("T")
FIRST = ("Anna", "Bo", "Carl", "Dora", "Emil", "Frida", "Gus", "Hanna", "Ivar", "Johan", "Klara", "Lars")
LAST = ("Berg", "Dahl", "Ek", "Falk", "Gren", "Holm", "Lind", "Moe", "Nord", "Ost", "Quist", "Rask", "Sund")
TOWNS = ("Oslo", "Bergen", "Lund", "Malmo", "Turku", "Vaasa", "Aarhus")
CORPORA = {
    "letters": {
        "description": "Who lives where.",
        "source": {"use": "jsonl", "path": "to be filled in"},
        "language": "en",
        "licence": "made for these tests",
        "groups": {"domain": "letters"},
        "cleaning": ["collapse_whitespace", {"use": "min_length", "chars": 8}],
        "gates": {
            "raw": {"quality": [{"use": "row_count", "at_least": 20}]},
            "clean": {"quality": ["no_empty_text", {"use": "rejected_share", "at_most": 0.2}]},
        },
    }
}
RECIPE: dict[str, Any] = {
    "name": "names",
    "description": "Persons and places.",
    "task": {"use": "ner", "labels": ["PER", "LOC"]},
    "corpora": ["letters"],
    "split": {"validation": 0.2, "test": 0.2, "seed": 13},
    "training": {
        "use": "full",
        "layers": 1,
        "adapt_vocabulary": True,
        "max_length": 64,
        "batch_tokens": 512,
        "epochs": 2,
        "learning_rate": 1.0e-3,
    },
    "variants": {"swapped": {"augmentation": [{"use": "swap_entities", "copies": 1}]}},
    "gates": {
        "splits": {"quality": [{"use": "labels_covered", "at_least": 5}, "no_leakage"]},
        "augmented": {"quality": ["children_true"]},
        "checkpoint": {"quality": [{"use": "f1", "at_least": 0.0}]},
    },
}


@dataclass(frozen=True)
class TinyProject:
    """Where its parts lie. `recipes` are read anew whenever they are asked for."""

    root: Path

    @property
    def corpus(self) -> Path:
        return self.root / "letters"

    @property
    def store(self) -> Store:
        return Store(str(self.root / "store"))

    @property
    def environment(self) -> dict[str, str]:
        """For processes: this project's places, one thread a process, quiet."""
        places = {"GRISTMILL_RECIPES": "recipes", "GRISTMILL_STORE": "store", "DAGSTER_HOME": "home"}
        quiet = {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore", "VIRTUAL_ENV": str(where.ROOT / ".venv")}
        return {**os.environ, **quiet, **{name: str(self.root / folder) for name, folder in places.items()}}

    def loaded(self, *settings: str) -> Project:
        """The project; `settings` as `--set` takes them, for the recipe `names`."""
        return load_recipes(self.root / "recipes", settings, "names")

    def recipe(self, *settings: str) -> Recipe:
        return self.loaded(*settings).recipe("names")

    def letters(self) -> Corpus:
        return self.loaded().corpus("letters")

    def defs(self, *settings: str) -> dg.Definitions:
        return build(self.loaded(*settings), self.store.url)

    def write_recipe(self, name: str, recipe: dict[str, Any]) -> None:
        (self.root / "recipes" / f"{name}.yaml").write_text(yaml.safe_dump({**recipe, "name": name}, sort_keys=False))

    def drop(self, batch: str, documents: int = 60, *, first: int = 0, short: int = 0) -> None:
        """Put a file into the corpus: letters from number `first` on, and `short` ones that cleaning drops."""
        rows = [letter(first + i) for i in range(documents)]
        rows += [{"id": f"{batch}-short-{i}", "text": f"No {i}.", "spans": []} for i in range(short)]
        aside = self.corpus / f".{batch}"
        aside.write_text("".join(json.dumps(row) + "\n" for row in rows))
        aside.rename(self.corpus / f"{batch}.jsonl")

    def published(self, asset: str, partition: str | None = None) -> Version | None:
        """What readers of `names/splits` or `corpora/letters/clean` get."""
        first, *rest = asset.split("/")
        subject = self.letters() if first == "corpora" else self.recipe()
        return self.store.published(subject.place(rest[-1], partition))  # type: ignore[arg-type]


def tiny_project(root: Path, batches: tuple[str, ...] = ("a.jsonl", "b.jsonl")) -> TinyProject:
    """Write one, with 60 letters in each batch."""
    for folder in ("recipes", "letters", "home"):
        (root / folder).mkdir(parents=True)
    project = TinyProject(root)
    corpora = json.loads(json.dumps(CORPORA))
    corpora["letters"]["source"]["path"] = str(project.corpus)
    (root / "recipes" / "corpora.yaml").write_text(yaml.safe_dump(corpora, sort_keys=False))
    project.write_recipe("names", RECIPE)
    for number, batch in enumerate(batches):
        project.drop(batch.removesuffix(".jsonl"), first=60 * number)
    return project


def letter(number: int) -> dict[str, Any]:
    """A letter that no other number has."""
    person = f"{FIRST[number % len(FIRST)]} {LAST[number % len(LAST)]}"
    town = TOWNS[number % len(TOWNS)]
    text = f"{person} lives in {town}, house {number}."
    start = text.index(town)
    spans = [
        {"start": 0, "end": len(person), "label": "PER"},
        {"start": start, "end": start + len(town), "label": "LOC"},
    ]
    return {"id": f"letter-{number}", "text": text, "spans": spans}


def run(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    what: str | dg.AssetSelection,
    partition: str | None = None,
) -> dg.ExecuteInProcessResult:
    """One run in this process over assets (`names/splits names/augmented`, with their checks) or over a selection."""
    selection = dg.AssetSelection.assets(*what.split()) if isinstance(what, str) else what
    asked = dg.Definitions(jobs=[dg.define_asset_job("asked_for", selection)])
    job = dg.Definitions.merge(defs, asked).resolve_job_def("asked_for")
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    return job.execute_in_process(run_config=quiet, instance=instance, partition_key=partition, raise_on_error=False)


def succeeded(result: dg.ExecuteInProcessResult) -> set[str]:
    """The steps that did."""
    return {e.step_key for e in result.all_events if e.is_step_success and e.step_key}


def reason(result: dg.ExecuteInProcessResult) -> str:
    """Why the run's first failing step failed, as the web UI shows it."""
    failure = next(e for e in result.all_events if e.is_step_failure).step_failure_data
    assert failure.user_failure_data is not None, failure.error
    return str(failure.user_failure_data.description)


def within(seconds: float, what: str, look: Callable[[], T | None]) -> T:
    """What `look` finds, as soon as it finds something; fails with `what` when the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


def processes(mark: str) -> Iterator[tuple[int, str]]:
    """(pid, command line) of every living process whose environment or command line holds `mark`."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            known = (entry / "environ").read_bytes().decode(errors="replace") + command
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if mark in known and state != "Z":
            yield int(entry.name), command.strip()


def trainings(mark: str) -> list[int]:
    """The training processes whose job lies below `mark`."""
    return [pid for pid, command in processes(mark) if "resources.training_process" in command and mark in command]
