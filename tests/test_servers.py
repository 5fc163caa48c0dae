"""The web server and the daemon for real: a sensor's ticks, backfills over batches and variants, one that is refused.

One start for the whole module; the tests follow each other. The daemon looks at sensors and backfills every 30 s, so
what can wait together waits together.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipeline.version import Version
from resources import where
from tests.graph_project import RECIPE, TinyProject, processes, tiny_project, trainings, within

pytestmark = pytest.mark.slow

REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "gristmill"}
START = (
    "mutation($s: SensorSelector!) { startSensor(sensorSelector: $s) { __typename ... on PythonError { message } } }"
)
SENSOR = "query($s: SensorSelector!) { sensorOrError(sensorSelector: $s) { ... on Sensor { id sensorState { id } } } }"
STOP = "mutation($id: String!) { stopSensor(id: $id) { __typename ... on PythonError { message } } }"
BACKFILL = """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
STATUS = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
  __typename ... on PartitionBackfill { status error { message } } } }"""
RUN = """mutation($p: ExecutionParams!) { launchRun(executionParams: $p) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
TERMINATE = "mutation($id: String!) { terminateRun(runId: $id) { __typename } }"
CHECKS = """query($k: AssetKeyInput!) { assetNodeOrError(assetKey: $k) { ... on AssetNode { assetChecksOrError {
  ... on AssetChecks { checks { name blocking executionForLatestMaterialization { status } } } } } } }"""
ADD = """mutation($r: RepositorySelector!, $p: String!) { addDynamicPartition(
  repositorySelector: $r, partitionsDefName: "corpora/letters", partitionKey: $p) { __typename } }"""
ENDLESS = {"training": {"epochs": 1000}}
ENDED = ("COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED")


class Servers:
    """`gristmill ui` on the tiny project, asked through GraphQL."""

    def __init__(self, project: TinyProject) -> None:
        self.project = project
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/graphql"
        self.log = project.root / "servers.log"
        command = [str(Path(sys.executable).parent / "gristmill"), "ui", "--port", str(port)]
        # an ignored SIGINT (a shell's background job has one) is inherited, and Dagster then ignores SIGTERM too
        interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, env=project.environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        signal.signal(signal.SIGINT, interrupt)

    def ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            location = (
                "query { locationStatusesOrError { ... on WorkspaceLocationStatusEntries { entries { loadStatus } } } }"
            )
            entries = self.ask(location)["locationStatusesOrError"]["entries"]
        except OSError:
            return False
        return [entry["loadStatus"] for entry in entries] == ["LOADED"]

    def ask(self, query: str, **variables: Any) -> Any:
        """The answer's data; an error fails the test."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert not answer.get("errors"), answer["errors"]
        return answer["data"]

    def backfill(self, assets: str, **which: Any) -> str:
        """Start a backfill of assets over partitions; its id."""
        selection = [{"path": asset.split("/")} for asset in assets.split()]
        started = self.ask(BACKFILL, p={"assetSelection": selection, **which})["launchPartitionBackfill"]
        assert started["__typename"] == "LaunchBackfillSuccess", started
        return str(started["backfillId"])

    def ended(self, backfill: str) -> str | None:
        """A backfill's status once it is over."""
        found = self.ask(STATUS, id=backfill)["partitionBackfillOrError"]
        return found["status"] if found["status"] in ENDED else None

    def launch(self, assets: str, partition: str | None = None) -> str:
        """Start a run of assets and their checks; its id."""
        tags = [{"key": "dagster/partition", "value": partition}] if partition else []
        selection = [{"path": asset.split("/")} for asset in assets.split()]
        selector = {**REPOSITORY, "pipelineName": "__ASSET_JOB", "assetSelection": selection}
        params = {"selector": selector, "mode": "default", "executionMetadata": {"tags": tags}}
        started = self.ask(RUN, p=params)["launchRun"]
        assert started["__typename"] == "LaunchRunSuccess", started
        return str(started["run"]["runId"])

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def left(self) -> list[tuple[int, str]]:
        """Processes that know this project's home."""
        return list(processes(str(self.project.root / "home")))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    project = tiny_project(tmp_path_factory.mktemp("servers") / "project", batches=("a.jsonl",))
    project.write_recipe("names", {**RECIPE, "variants": {**RECIPE["variants"], "endless": ENDLESS}})
    found = Servers(project)
    try:
        within(120, "the web server to be ready", found.ready)
        yield found
    finally:
        if found.process.poll() is None:
            found.stop()
        for pid, _ in found.left():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def instance(servers: Servers) -> Iterator[dg.DagsterInstance]:
    """The servers' own instance: what the web UI shows."""
    with dg.DagsterInstance.from_config(str(servers.project.root / "home")) as found:
        yield found


def published(servers: Servers, asset: str, partition: str | None = None) -> Version | None:
    return servers.project.published(asset, partition)


def failures(instance: dg.DagsterInstance) -> list[tuple[str, str]]:
    """(step, reason) of every failed step of every run."""
    found = []
    for run in instance.get_runs():
        for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
            event = entry.dagster_event
            assert event is not None
            said = event.step_failure_data.user_failure_data
            found.append((str(event.step_key), str(said.description if said else event.step_failure_data.error)))
    return found


def test_a_sensor_that_is_turned_on_makes_every_file_published_and_the_one_that_is_dropped_in(servers: Servers) -> None:
    selector = {**REPOSITORY, "sensorName": "letters_batches"}
    servers.project.drop("march", first=60)
    assert servers.ask(START, s=selector)["startSensor"]["__typename"] == "Sensor"
    for batch in ("a.jsonl", "march.jsonl"):
        within(150, f"{batch} to be published", lambda b=batch: published(servers, "corpora/letters/clean", b))  # type: ignore[misc]
    sensor = servers.ask(SENSOR, s=selector)["sensorOrError"]
    assert servers.ask(STOP, id=sensor["id"])["stopSensor"]["__typename"] == "StopSensorMutationResult"
    checks = servers.ask(CHECKS, k={"path": ["corpora", "letters", "clean"]})
    shown = {c["name"]: c for c in checks["assetNodeOrError"]["assetChecksOrError"]["checks"]}
    assert sorted(shown) == ["no_empty_text", "rejected_share"]
    assert all(c["blocking"] for c in shown.values())


def test_a_run_from_the_web_ui_publishes_the_splits(servers: Servers) -> None:
    servers.launch("names/splits")
    version = within(120, "the splits", lambda: published(servers, "names/splits"))
    assert version.manifest.rows == 120


def test_backfills_over_variants_and_batches_publish_what_passes_and_nothing_through_a_failing_gate(
    servers: Servers, instance: dg.DagsterInstance
) -> None:
    before = published(servers, "names/splits")
    servers.project.drop("bad", 40, first=200, short=20)
    added = servers.ask(ADD, r=REPOSITORY, p="bad.jsonl")["addDynamicPartition"]["__typename"]
    assert added == "AddDynamicPartitionSuccess"
    variants = servers.backfill("names/augmented names/checkpoint", partitionNames=["base", "swapped"])
    batches = servers.backfill(
        "corpora/letters/raw corpora/letters/clean names/splits", allPartitions=True, title="clean again"
    )
    headless = _headless_backfill(servers.project, "a.jsonl")
    assert within(420, "the backfill over variants", lambda: servers.ended(variants)) == "COMPLETED_SUCCESS"
    assert within(420, "the backfill over batches", lambda: servers.ended(batches)) == "COMPLETED_FAILED"

    trained = [published(servers, "names/checkpoint", variant) for variant in ("base", "swapped")]
    assert all(version is not None for version in trained)
    (_, first_end), (second_start, _) = sorted(_interval(version) for version in trained if version)
    assert first_end <= second_start, "two trainings held the device at once"

    assert published(servers, "corpora/letters/raw", "bad.jsonl") is not None
    assert published(servers, "corpora/letters/clean", "bad.jsonl") is None
    assert published(servers, "names/splits") == before
    newest = servers.project.store.newest(servers.project.recipe().place("splits"))
    assert newest == before
    # the daemon asks for the splits all the same: it looks at materializations, not at checks; the store refuses
    (refused,) = [said for step, said in failures(instance) if step == "names__splits"]
    assert "clean[bad.jsonl]: no version is published" in refused
    assert "rejected_share: failed (observed 0.333333, limit at most 0.2)" in refused

    runs = instance.get_runs(filters=dg.RunsFilter(tags={"dagster/backfill": headless}))
    assert [run.status for run in runs] == [dg.DagsterRunStatus.SUCCESS]


def test_a_run_that_is_cancelled_in_the_web_ui_leaves_no_training_behind(
    servers: Servers, instance: dg.DagsterInstance
) -> None:
    run_id = servers.launch("names/augmented names/checkpoint", "endless")
    mark = str(servers.project.root / "store")
    within(120, "a training process", lambda: trainings(mark))
    assert servers.ask(TERMINATE, id=run_id)["terminateRun"]["__typename"] == "TerminateRunSuccess"
    within(90, "its end", lambda: trainings(mark) == [])

    def cancelled() -> bool:
        run = instance.get_run_by_id(run_id)
        return run is not None and run.status == dg.DagsterRunStatus.CANCELED

    within(90, "the run to be cancelled", cancelled)
    assert published(servers, "names/checkpoint", "endless") is None


def test_the_servers_end_when_they_are_told_to_and_leave_no_process_behind(servers: Servers) -> None:
    assert len(servers.left()) >= 3
    servers.stop()
    within(60, "every process to be gone", lambda: servers.left() == [])


def _headless_backfill(project: TinyProject, batch: str) -> str:
    """Start one without a browser; its id."""
    words = ["job", "backfill", "-w", "workspace.yaml", "-j", "corpus_letters", "--partitions", batch, "--noprompt"]
    done = subprocess.run(
        [str(Path(sys.executable).parent / "dagster"), *words],
        cwd=where.ROOT,
        env=project.environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split("backfill job ")[1].split()[0].strip("`")


def _interval(version: Version) -> tuple[datetime, datetime]:
    end = datetime.fromisoformat(version.manifest.created)
    return end - timedelta(seconds=version.manifest.seconds), end
