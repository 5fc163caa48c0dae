"""What the sensor on a corpus and the nightly schedule of a recipe ask for, tick by tick."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from tests.graph_project import TinyProject, run, tiny_project


@pytest.fixture
def project(tmp_path: Path) -> TinyProject:
    return tiny_project(tmp_path / "project")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


class Ticks:
    """The sensor of the tiny corpus, tick by tick: each has the cursor and the partitions that the last one left."""

    def __init__(self, project: TinyProject, instance: dg.DagsterInstance) -> None:
        self.project, self.instance = project, instance
        self.cursor: str | None = None
        self.registered: list[str] = []

    def tick(self) -> list[tuple[str, str]]:
        """(batch, run key) of every run asked for; what is to be registered is."""
        result = self.raw()
        assert isinstance(result, dg.SensorResult), result
        self.cursor = result.cursor
        self.registered = []
        for request in result.dynamic_partitions_requests or ():
            assert request.partitions_def_name == "corpora/letters"
            self.registered += request.partition_keys
            self.instance.add_dynamic_partitions("corpora/letters", [*request.partition_keys])
        return [(str(r.partition_key), str(r.run_key)) for r in result.run_requests or ()]

    def raw(self) -> Any:
        """What the sensor returns."""
        repository = self.project.defs().get_repository_def()
        context = dg.build_sensor_context(self.instance, cursor=self.cursor, repository_def=repository)
        return repository.get_sensor_def("letters_batches")(context)


@pytest.fixture
def ticks(project: TinyProject, instance: dg.DagsterInstance) -> Ticks:
    return Ticks(project, instance)


def test_the_first_tick_registers_every_file_and_asks_for_a_run_each(ticks: Ticks) -> None:
    asked = ticks.tick()
    assert [batch for batch, _ in asked] == ["a.jsonl", "b.jsonl"]
    assert ticks.registered == ["a.jsonl", "b.jsonl"]
    assert len({key for _, key in asked}) == 2


def test_nothing_new_asks_for_nothing(ticks: Ticks) -> None:
    ticks.tick()
    assert ticks.tick() == []
    assert ticks.registered == []


def test_a_new_file_becomes_a_partition_and_one_run_which_succeeds(ticks: Ticks) -> None:
    ticks.tick()
    ticks.project.drop("march 2026", first=200)
    asked = ticks.tick()
    assert [batch for batch, _ in asked] == ["march%202026.jsonl"]
    assert ticks.registered == ["march%202026.jsonl"]
    result = run(ticks.project.defs(), ticks.instance, "corpora/letters/raw corpora/letters/clean", asked[0][0])
    assert result.success
    assert ticks.project.published("corpora/letters/clean", "march%202026.jsonl") is not None


def test_changed_content_asks_for_a_run_under_another_key(ticks: Ticks) -> None:
    before = dict(ticks.tick())
    ticks.project.drop("b", 61, first=60)
    asked = dict(ticks.tick())
    assert list(asked) == ["b.jsonl"]
    assert asked["b.jsonl"] != before["b.jsonl"]


def test_a_file_that_was_only_touched_asks_for_nothing(ticks: Ticks) -> None:
    ticks.tick()
    os.utime(ticks.project.corpus / "b.jsonl", (1, 1))
    assert ticks.tick() == []


def test_content_that_is_put_back_as_it_was_asks_again_under_a_key_of_its_own(ticks: Ticks) -> None:
    # Dagster leaves out a run whose key it has seen: the version before would stay the published one
    keys = [dict(ticks.tick())["b.jsonl"]]
    for documents in (61, 60):
        ticks.project.drop("b", documents, first=60)
        keys.append(dict(ticks.tick())["b.jsonl"])
    assert len(set(keys)) == 3


def test_a_missing_folder_skips_the_tick_with_the_reason_and_forgets_nothing(ticks: Ticks) -> None:
    ticks.tick()
    aside = ticks.project.corpus.rename(ticks.project.root / "aside")
    result = ticks.raw()
    assert isinstance(result, dg.SkipReason)
    assert result.skip_message == f"{ticks.project.corpus}: there is no such file or folder; check `path`"
    aside.rename(ticks.project.corpus)
    assert ticks.tick() == []


def test_an_empty_folder_skips_the_tick_with_the_reason(ticks: Ticks) -> None:
    shutil.rmtree(ticks.project.corpus)
    ticks.project.corpus.mkdir()
    result = ticks.raw()
    assert isinstance(result, dg.SkipReason)
    assert "holds no file that matches '*.jsonl*'" in (result.skip_message or "")


def test_the_cursor_says_what_was_seen(ticks: Ticks) -> None:
    ticks.tick()
    seen = json.loads(ticks.cursor or "")
    corpus = ticks.project.letters()
    assert {batch: digest for batch, (_, digest) in seen.items()} == {
        batch: corpus.source.digest(batch) for batch in ("a.jsonl", "b.jsonl")
    }


def test_the_sensor_and_the_schedule_are_off_until_a_person_turns_them_on(project: TinyProject) -> None:
    repository = project.defs().get_repository_def()
    assert repository.get_sensor_def("letters_batches").default_status == dg.DefaultSensorStatus.STOPPED
    assert repository.get_schedule_def("names_nightly").default_status == dg.DefaultScheduleStatus.STOPPED


def test_the_nightly_schedule_asks_for_the_recipe_itself(project: TinyProject, instance: dg.DagsterInstance) -> None:
    repository = project.defs().get_repository_def()
    night = datetime(2026, 3, 1, 2, tzinfo=UTC)
    context = dg.build_schedule_context(instance, scheduled_execution_time=night, repository_def=repository)
    result = repository.get_schedule_def("names_nightly").evaluate_tick(context)
    assert [(r.partition_key, r.run_key) for r in result.run_requests or ()] == [("base", "names:2026-03-01")]


def test_a_tick_without_the_time_for_all_files_goes_on_where_it_stopped(
    ticks: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assets.automation.SECONDS", -1.0)
    every = ticks.project.defs().get_repository_def()
    assert every.has_sensor_def("letters_batches")
    asked = [[batch for batch, _ in ticks.tick()] for _ in range(4)]
    found = sorted(batch for tick in asked for batch in tick)
    assert all(len(tick) <= 1 for tick in asked)
    monkeypatch.undo()
    rest = [batch for batch, _ in ticks.tick()]
    assert sorted(found + rest) == sorted({*found, *rest}), "none is asked for twice"
