"""One training at a time, also between commands, and nothing of a killed command stays in the way."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster import DagsterRunStatus
from dagster._core.test_utils import create_run_for_test

from assets import turns


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as made:
        made.event_log_storage.set_concurrency_slots("gpu", 1)
        yield made


def holding(instance: dg.DagsterInstance, process: str) -> str:
    run = create_run_for_test(instance, status=DagsterRunStatus.STARTED, tags={turns.PROCESS: process})
    assert instance.event_log_storage.claim_concurrency_slot("gpu", run.run_id, "checkpoint").is_claimed
    return run.run_id


def ended_process() -> str:
    code = "from assets import turns; print(turns.this_process())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_process_has_one_name_and_another_process_another() -> None:
    assert turns.this_process() == turns.this_process()
    assert f":{os.getpid()}:" in turns.this_process()
    assert turns.this_process() != ended_process()


def test_the_run_of_a_command_that_is_gone_is_failed_and_its_place_freed(instance: dg.DagsterInstance) -> None:
    dead = holding(instance, ended_process())
    turns.bury_the_dead(instance)
    run = instance.get_run_by_id(dead)
    assert run is not None
    assert run.status == DagsterRunStatus.FAILURE
    turns.wait(instance, "gpu", lambda line: pytest.fail(f"nobody holds it, yet it said {line!r}"))


def test_the_run_of_a_command_that_lives_is_left_alone(instance: dg.DagsterInstance) -> None:
    alive = holding(instance, turns.this_process())
    turns.bury_the_dead(instance)
    run = instance.get_run_by_id(alive)
    assert run is not None
    assert run.status == DagsterRunStatus.STARTED
    assert instance.event_log_storage.get_concurrency_info("gpu").active_run_ids == {alive}


def test_a_command_says_once_whom_it_waits_for_and_goes_on_when_the_place_is_free(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = holding(instance, turns.this_process())
    said: list[str] = []
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            instance.event_log_storage.free_concurrency_slots_for_run(holder)

    monkeypatch.setattr(turns.time, "sleep", nap)
    turns.wait(instance, "gpu", said.append)
    assert naps == [turns.SECONDS] * 3
    assert len(said) == 1
    assert holder in said[0]
