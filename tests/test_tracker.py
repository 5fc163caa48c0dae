"""The tracker: what a training reports stands in the event files, in W&B's and in MLflow's; no secret does."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipeline import stages
from pipeline.errors import WrongUse
from pipeline.job import Job
from resources.gpu import TrainingProcess, TrainingRefused
from resources.tracker import Tracked, Tracker, parameters
from resources.tracking import redacted
from tests.graph_project import RECIPE, TinyProject, run, succeeded, tiny_project, within

SECRET = "hunter2-planted-secret"
VERSION = "0123456789abcdef"
METRICS = {"entity_f1": 0.75, "seconds": 2.0}


def step(n: int) -> dict[str, Any]:
    return {"kind": "step", "step": n, "steps": 8, "epoch": 1, "loss": 1 / n, "tokens_per_second": 100.0 * n}


def epoch(n: int) -> dict[str, Any]:
    return {"kind": "epoch", "epoch": 1, "validation_entity_f1": 0.5, "step": n}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> TinyProject:
    """A tiny project up to `augmented`."""
    project = tiny_project(tmp_path_factory.mktemp("prepared") / "project")
    recipe, store = project.recipe(), project.store
    for work in chain(stages.prepared(recipe, store), stages.trained(recipe, "base", store)):
        stages.make(work, store)
        stages.judge(work, store)
        if work.place.asset == "names/augmented":
            break
    return project


@pytest.fixture
def project(prepared: TinyProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinyProject:
    """Its store is shared, its checkpoint is not kept: the trainings here are faked."""
    import shutil

    shutil.copytree(prepared.root, tmp_path / "project")
    recipes = tmp_path / "project" / "recipes"
    text = (recipes / "corpora.yaml").read_text()
    (recipes / "corpora.yaml").write_text(text.replace(str(prepared.root), str(tmp_path / "project")))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SOME_API_KEY", SECRET)
    for name in ("GRISTMILL_TRACKER", "MLFLOW_TRACKING_URI", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    return TinyProject(tmp_path / "project")


class Fake:
    """Stands for the training process: reports, writes what a fit writes, or dies."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, events: list[dict[str, Any]], dies: bool = False) -> None:
        self.events, self.dies = events, dies
        monkeypatch.setattr(TrainingProcess, "_run", lambda _, context, todo, report: self.train(todo, report))

    def train(self, todo: Job, report: Any) -> None:
        for event in self.events:
            report(event)
        if self.dies:
            raise TrainingRefused(f"died at postgres://me:{SECRET}@db/x")  # the kind that is not tried again
        (todo.folder / "model").mkdir(exist_ok=True)
        (todo.folder / "model" / "config.json").write_text('{"architectures": ["BertForTokenClassification"]}')
        numbers = {**METRICS, "validation_entity_f1": 0.5}
        (todo.folder / "evaluation.json").write_text(json.dumps({"metrics": numbers, "tables": {}}))
        (todo.folder / "loss.json").write_text("[]")
        (todo.folder / "predictions.parquet").write_bytes(b"")
        about = {"metrics": METRICS, "base_model": "none", "device": {"kind": "cpu"}, "seconds": 0.0}
        (todo.folder / "run.json").write_text(json.dumps(about))


def trained(
    project: TinyProject, *settings: str, stage: str = "checkpoint"
) -> tuple[dg.ExecuteInProcessResult, dict[str, Any]]:
    """One run of the checkpoint, encoder or search alone, and the metadata of its materialization."""
    with dg.DagsterInstance.ephemeral() as instance:
        selection = dg.AssetSelection.assets(f"names/{stage}").without_checks()
        result = run(project.defs(*settings), instance, selection, "base" if stage == "checkpoint" else None)
    events = result.asset_materializations_for_node(f"names__{stage}") if result.success else []
    return result, dict(events[0].metadata) if events else {}


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    found.Reload()
    tags = found.Tags()["scalars"]
    return {tag: [(e.step, e.value) for e in found.Scalars(tag)] for tag in tags}


def holds(folder: Path, word: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]


def test_tensorboard_is_the_default_and_the_materialization_links_its_folder(
    project: TinyProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Fake(monkeypatch, [step(1), step(2), epoch(2)])
    result, metadata = trained(project)
    assert result.success
    link = metadata["tracked"]
    assert isinstance(link, dg.PathMetadataValue)
    folder = Path(str(link.value))
    version = metadata["version"].value
    assert folder == tmp_path / "home" / "tensorboard" / "names" / "base" / str(version)
    assert {"dagster/row_count", "entity_f1", "path"} <= set(metadata)
    found = scalars(folder)
    assert found["loss"] == [(1, 1.0), (2, 0.5)]
    assert found["tokens_per_second"] == [(1, 100.0), (2, 200.0)]
    assert found["validation_entity_f1"] == [(2, 0.5)]
    assert found["final/entity_f1"] == [(2, 0.75)]
    data = b"".join(path.read_bytes() for path in folder.iterdir())
    assert b"_hparams_/session_start_info" in data and b"training.learning_rate" in data and b"data_digest" in data


def test_a_training_that_was_killed_goes_on_in_the_same_run(
    project: TinyProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Fake(monkeypatch, [step(1), step(2), step(3)], dies=True)
    result, _ = trained(project)
    assert not result.success
    resumed = {"kind": "phase", "phase": "resume", "step": 2}
    Fake(monkeypatch, [resumed, {**step(3), "loss": 0.25}, step(4), epoch(4)])
    result, metadata = trained(project)
    assert result.success
    folders = [p for p in (tmp_path / "home" / "tensorboard").glob("*/*/*") if p.is_dir()]
    assert folders == [Path(str(metadata["tracked"].value))]
    assert scalars(folders[0])["loss"] == [(1, 1.0), (2, 0.5), (3, 0.25), (4, 0.25)]  # step 3 once, as it was done last


def test_wandb_is_offline_by_default_and_nothing_leaves_the_machine(
    project: TinyProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("GRISTMILL_TRACKER", "wandb")
    monkeypatch.setenv("WANDB_API_KEY", SECRET * 2)
    (tmp_path / "home").mkdir()
    Fake(monkeypatch, [step(1), step(2), epoch(2)])
    result, metadata = trained(project)
    assert result.success
    folder = Path(str(metadata["tracked"].value))
    assert folder.is_relative_to(tmp_path / "home" / "wandb") and folder.name.startswith("offline-run-")
    (file,) = folder.glob("*.wandb")
    written = file.read_bytes()
    for word in (b"loss", b"tokens_per_second", b"validation_entity_f1", b"final/entity_f1", b"training.learning_rate"):
        assert word in written, word
    assert file.name == f"run-{metadata['version'].value}.wandb"
    assert holds(tmp_path / "home", SECRET) == []


@pytest.fixture(scope="module")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real MLflow on loopback with its runs in SQLite, in a process group of its own."""
    pytest.importorskip("mlflow")
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/runs.db", "--artifacts-destination", str(folder / "files")]
    quiet = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, env=quiet, cwd=folder)
    url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        assert server.poll() is None, (folder / "log").read_text()
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    try:
        within(180, "MLflow to be ready", ready)
        yield url
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


@pytest.mark.slow
def test_mlflow_keeps_one_run_of_a_training_that_was_killed_and_of_its_end(
    project: TinyProject, monkeypatch: pytest.MonkeyPatch, mlflow_server: str
) -> None:
    from mlflow.tracking import MlflowClient

    monkeypatch.setenv("GRISTMILL_TRACKER", "mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server.replace("http://", f"http://me:{SECRET}@"))
    Fake(monkeypatch, [step(1), step(2)], dies=True)
    assert not trained(project)[0].success
    Fake(monkeypatch, [{"kind": "phase", "phase": "resume", "step": 1}, step(2), step(3), epoch(3)])
    result, metadata = trained(project)
    assert result.success
    client = MlflowClient(mlflow_server)
    experiment = client.get_experiment_by_name("gristmill/names")
    (found,) = client.search_runs([experiment.experiment_id])
    run_id = found.info.run_id
    assert metadata["tracked"].value == f"{mlflow_server}/#/experiments/{experiment.experiment_id}/runs/{run_id}"
    assert found.info.status == "FINISHED"
    assert found.data.params["variant"] == "base" and found.data.params["training.epochs"] == "2.0"
    assert found.data.params["version"] == metadata["version"].value
    assert len(found.data.params["data_digest"]) == 64
    assert [(m.step, m.value) for m in client.get_metric_history(run_id, "validation_entity_f1")] == [(3, 0.5)]
    assert {m.step for m in client.get_metric_history(run_id, "loss")} == {1, 2, 3}
    assert found.data.metrics["final/entity_f1"] == 0.75
    assert SECRET not in json.dumps([found.data.params, found.data.tags, str(metadata)])


def asked_for(project: TinyProject) -> None:
    """An encoder and a search, which come after `augmented`: nothing of what is made is made again."""
    search = {"space": {"learning_rate": {"choices": [1e-3, 3e-3]}}, "trials": 4, "startup": 2, "warmup": 0}
    project.write_recipe(
        "names", {**RECIPE, "encoder": {"use": "masked_language_model", "layers": 1}, "search": search}
    )


class FakeTrials(Fake):
    """The third validates worse than the two before it."""

    def train(self, todo: Job, report: Any) -> None:
        number = int(todo.folder.name.rpartition("-")[2])
        value = 0.1 if number == 2 else 0.5
        self.events = [step(1), {**epoch(2), "validation_entity_f1": value}, step(3)]
        super().train(todo, report)
        (todo.folder / "run.json").write_text(json.dumps({"metrics": {"validation_entity_f1": value}}))


def test_the_pre_training_of_the_encoder_is_tracked_and_linked(
    project: TinyProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for(project)
    Fake(monkeypatch, [step(1), step(2), {"kind": "epoch", "epoch": 1, "validation_mask_likelihood": 0.25, "step": 2}])
    where = f"encoder.base_model=https://me:{SECRET}@hub.example/model?token={SECRET}"
    result, metadata = trained(project, where, stage="encoder")
    assert result.success
    folder = Path(str(metadata["tracked"].value))
    version = metadata["version"].value
    assert folder == tmp_path / "home" / "tensorboard" / "names" / "encoder" / str(version)
    found = scalars(folder)
    assert (found["loss"], found["validation_mask_likelihood"]) == ([(1, 1.0), (2, 0.5)], [(2, 0.25)])
    assert found["final/seconds"] == [(2, 2.0)]
    data = b"".join(path.read_bytes() for path in folder.iterdir())
    assert b"encoder.mask_share" in data and b"https://hub.example/model" in data and b"training." not in data
    assert holds(tmp_path / "home", SECRET) == []


def test_every_trial_of_a_search_is_a_run_of_its_own_that_the_search_links(
    project: TinyProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("optuna")
    asked_for(project)
    FakeTrials(monkeypatch, [])
    result, metadata = trained(project, stage="search")
    assert result.success
    links = {k: Path(str(v.value)) for k, v in metadata.items() if k.startswith("tracked")}
    home = tmp_path / "home" / "tensorboard" / "names" / "search"
    version = metadata["version"].value
    assert links == {f"tracked_trial_{n}": home / f"{version}-{n}" for n in range(4)}
    runs = [scalars(link) for link in links.values()]
    assert [r["validation_entity_f1"] for r in runs] == [[(2, 0.5)], [(2, 0.5)], [(2, pytest.approx(0.1))], [(2, 0.5)]]
    # the third was ended after its epoch: nothing of a later step, no last number
    assert [("final/validation_entity_f1" in r, len(r["loss"])) for r in runs] == [
        (True, 2),
        (True, 2),
        (False, 1),
        (True, 2),
    ]
    written = b"".join(path.read_bytes() for path in links["tracked_trial_0"].iterdir())
    assert b"training.learning_rate" in written
    kept = {path.name for path in Path(project.store.where(_published(project, "search"))).iterdir()}
    assert "trial" not in kept


def _published(project: TinyProject, stage: str) -> Any:
    version = project.published(f"names/{stage}")
    assert version is not None
    return version


@pytest.mark.slow
def test_mlflow_and_wandb_keep_an_encoder_and_its_trials_apart(
    project: TinyProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mlflow_server: str
) -> None:
    pytest.importorskip("wandb")
    pytest.importorskip("optuna")
    from mlflow.tracking import MlflowClient

    asked_for(project)
    monkeypatch.setenv("GRISTMILL_TRACKER", "mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server)
    FakeTrials(monkeypatch, [])
    result, metadata = trained(project, stage="search")
    assert result.success
    client = MlflowClient(mlflow_server)
    experiment = client.get_experiment_by_name("gristmill/names").experiment_id
    found = client.search_runs([experiment], "tags.variant = 'search'")
    by_version = {r.data.tags["version"]: r for r in found}
    version = metadata["version"].value
    assert set(by_version) == {f"{version}-{n}" for n in range(4)}
    assert [by_version[f"{version}-{n}"].info.status for n in range(4)] == [
        "FINISHED",
        "FINISHED",
        "FAILED",
        "FINISHED",
    ]
    links = {metadata[f"tracked_trial_{n}"].value.rpartition("/")[2] for n in range(4)}
    assert links == {r.info.run_id for r in found}
    monkeypatch.setenv("GRISTMILL_TRACKER", "wandb")
    (tmp_path / "home").mkdir()
    Fake(monkeypatch, [step(1)])
    result, metadata = trained(project, stage="encoder")
    assert result.success
    (file,) = Path(str(metadata["tracked"].value)).glob("*.wandb")
    assert file.name == f"run-{metadata['version'].value}.wandb"
    assert b"encoder.mask_share" in file.read_bytes()


def test_a_server_that_is_down_is_said_once_and_kills_no_training(
    project: TinyProject, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("mlflow")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
    monkeypatch.setenv("GRISTMILL_TRACKER", "mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:{SECRET}@{address}")
    Fake(monkeypatch, [step(1), step(2), epoch(2)])
    began = time.monotonic()
    with dg.DagsterInstance.ephemeral() as instance:
        selection = dg.AssetSelection.assets("names/checkpoint").without_checks()
        result = run(project.defs(), instance, selection, "base")
        entries = instance.all_logs(result.run_id)
    assert result.success
    assert time.monotonic() - began < 90
    (event,) = result.asset_materializations_for_node("names__checkpoint")
    assert str(event.metadata["tracked"].value).startswith("not tracked: ")
    warned = [e for e in entries if e.level == logging.WARNING and "tracker" in (e.user_message or "")]
    assert len(warned) == 1
    assert warned[0].user_message.startswith("the tracker failed, the training goes on without it: ")
    assert SECRET not in "\n".join(str(e) for e in entries)


def test_what_could_not_be_written_is_written_when_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("resources.tracker.time.monotonic", lambda: clock[0])
    written: list[Any] = []

    class Down:
        link = dg.MetadataValue.text("here")

        def write(self, rows: Any) -> None:
            if clock[0] < 40:
                raise ConnectionError("nobody there")
            written.extend(rows)

        def resumed(self, step: int) -> None:
            written.append(step)

        def finish(self, step: int, metrics: Mapping[str, float], died: bool) -> None:
            written.append((step, dict(metrics), died))

    warnings: list[str] = []
    tracked = Tracked(Down, warnings.append)
    for n, now in ((1, 0.0), (2, 1.0), (3, 31.0), (4, 61.0)):
        clock[0] = now
        tracked(step(n))
    tracked.finish({"f1": 1.0}, died=False)
    assert [row[0] for row in written] == [1, 2, 3, 4, 4]
    assert written[-1] == (4, {"f1": 1.0}, False)
    assert warnings == ["the tracker failed, the training goes on without it: ConnectionError: nobody there"]


def test_none_tracks_nothing_and_an_unknown_one_is_refused_before_the_training(
    project: TinyProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Fake(monkeypatch, [step(1)])
    monkeypatch.setenv("GRISTMILL_TRACKER", "tensorbord")
    result, _ = trained(project)
    failure = next(e for e in result.all_events if e.is_step_failure).step_failure_data.user_failure_data
    assert "GRISTMILL_TRACKER: there is no tracker 'tensorbord'; did you mean 'tensorboard'?" in failure.description
    monkeypatch.setenv("GRISTMILL_TRACKER", "mlflow")
    with pytest.raises(WrongUse, match="mlflow needs MLFLOW_TRACKING_URI"):
        Tracker().kind()
    monkeypatch.setenv("GRISTMILL_TRACKER", "none")
    result, metadata = trained(project)
    assert result.success and "tracked" not in metadata
    assert not (tmp_path / "home" / "tensorboard").exists()
    assert succeeded(result) == {"names__checkpoint"}


def test_a_secret_in_a_setting_or_in_the_environment_is_never_written(
    project: TinyProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Fake(monkeypatch, [step(1)])
    where = f"training.base_model=https://me:{SECRET}@hub.example/model?token={SECRET}"
    result, _ = trained(project, where)
    assert result.success
    assert holds(tmp_path / "home", SECRET) == []
    files = list((tmp_path / "home" / "tensorboard").rglob("events.*"))
    assert any(b"https://hub.example/model" in file.read_bytes() for file in files)
    training = {"use": "full", "base_model": f"https://me:{SECRET}@hub.example/model?token={SECRET}"}
    job = Job(tmp_path, {"use": "ner", "labels": [SECRET]}, training, "d" * 64, "f")
    assert SECRET not in json.dumps(parameters(job, {"recipe": "r", "variant": "v", "version": VERSION}))
    assert redacted(f"a {SECRET} b") == "a *** b"


def test_the_trackers_import_no_torch() -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom resources.tracking import TensorBoard\n"
        "import tempfile\nfolder = Path(tempfile.mkdtemp())\nlog = TensorBoard(folder, {'a': 'b'})\n"
        "log.write([(1, {'loss': 1.0})])\nlog.finish(1, {'f1': 1.0}, False)\n"
        "import importlib.util\n"
        "for name in ('wandb', 'mlflow.tracking'):\n"
        "    if importlib.util.find_spec(name.partition('.')[0]):\n        __import__(name)\n"
        "print([m for m in ('torch', 'tensorflow', 'transformers') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
