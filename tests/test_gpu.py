"""The GPU resource: which device, and what becomes of a training that is killed, cancelled, refuses or has to wait."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from glob import glob
from itertools import chain
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipeline import stages
from pipeline.errors import DataSaysNo, TrainingDied
from resources import gpu, where
from resources.gpu import TrainingProcess, TrainingRefused
from resources.slots import SECONDS, slot
from tests.graph_project import TinyProject, reason, run, succeeded, tiny_project, trainings, within

CHECKPOINT = "names/checkpoint"
FOREVER = "training.epochs=1000"
DEVICES = """
import json, sys
import torch
from pipeline.errors import DeviceUnavailable
from pipeline.training._device import choose_device

def tried(**asked):
    settings = {"kind": "auto", "precision": "auto", "threads": 1, "requires": None, **asked}
    try:
        device = choose_device(**settings)
    except DeviceUnavailable as error:
        return str(error)
    return [device.kind, device.precision, device.threads]

found = []
torch.cuda.is_available = torch.backends.mps.is_available = lambda: False
found.append(tried())
found.append(tried(kind="cuda"))
found.append(tried(requires="gpu"))
torch.cuda.is_available = lambda: True
torch.cuda.get_device_name = lambda *_: "a card"
for capability in ((8, 0), (7, 5)):
    torch.cuda.get_device_capability = lambda *_, c=capability: c
    found.append(tried()[:2])
found.append(tried(requires="gpu")[:2])
found.append(tried(kind="cpu", precision="fp32")[:2])
found.append(tried(kind="cpu", requires="gpu"))
print(json.dumps(found))
"""

ONE = f"""
import sys
from pathlib import Path
import dagster as dg
from tests.graph_project import TinyProject, run
with dg.DagsterInstance.ephemeral() as instance:
    run(TinyProject(Path(sys.argv[1])).defs({FOREVER!r}), instance, {CHECKPOINT!r}, "base")
"""
TWO = f"""
import json, sys, time
from pathlib import Path
import dagster as dg
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext
from resources.gpu import TrainingProcess, TrainingRefused
from tests.graph_project import TinyProject, run

def train(*_):
    began = time.monotonic()
    time.sleep(1)
    print(json.dumps([began, time.monotonic()]), flush=True)
    raise TrainingRefused("enough was seen")

TrainingProcess._run = train
if sys.argv[3] == "granted to both":
    InstanceConcurrencyContext.claim = lambda *_: True
with dg.DagsterInstance.get() as instance:
    run(TinyProject(Path(sys.argv[1])).defs(), instance, {CHECKPOINT!r}, sys.argv[2])
"""
VARIANTS = ("base", "swapped")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> TinyProject:
    """A tiny project whose splits and augmented data are published."""
    project = tiny_project(tmp_path_factory.mktemp("prepared") / "project")
    recipe, store = project.recipe(), project.store
    for work in chain(stages.prepared(recipe, store), _before_training(project)):  # each needs what is before it
        stages.make(work, store)
        stages.judge(work, store)
    return project


@pytest.fixture
def project(prepared: TinyProject, tmp_path: Path) -> Iterator[TinyProject]:
    """A copy of its own; at the end no training process of it may be alive."""
    shutil.copytree(prepared.root, tmp_path / "project")
    recipes = tmp_path / "project" / "recipes"
    corpora = (recipes / "corpora.yaml").read_text()
    (recipes / "corpora.yaml").write_text(corpora.replace(str(prepared.root), str(tmp_path / "project")))
    mine = TinyProject(tmp_path / "project")
    yield mine
    alive = trainings(str(mine.root))
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
    assert alive == [], "a training process was left behind"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


# which device


def test_the_device_is_the_best_there_is_and_what_is_required_and_not_there_is_refused() -> None:
    done = subprocess.run([sys.executable, "-c", DEVICES], capture_output=True, text=True, timeout=120, cwd=where.ROOT)
    assert done.returncode == 0, done.stderr
    alone, no_cuda, no_gpu, ampere, turing, required, asked, contradiction = json.loads(done.stdout)
    assert alone[0] == "cpu" and alone[1] in ("fp32", "bf16") and alone[2] == 1
    assert no_cuda == "the device 'cuda' is not there; this machine has cpu"
    assert no_gpu == "the recipe requires a GPU and this machine has none; set training.requires to null"
    assert (ampere, turing, required) == (["cuda", "bf16"], ["cuda", "fp32"], ["cuda", "fp32"])
    assert asked == ["cpu", "fp32"]
    assert contradiction == "the recipe requires a GPU and the device asked for is the CPU"


def test_a_recipe_that_requires_a_gpu_is_refused_with_the_reason_and_not_tried_again(
    project: TinyProject, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    result = run(project.defs("training.requires=gpu"), instance, CHECKPOINT, "base")
    assert reason(result) == (
        "DeviceUnavailable: the recipe requires a GPU and this machine has none; set training.requires to null"
    )
    assert _retries(result) == []


def test_a_training_that_refuses_itself_is_not_tried_again_and_says_why(
    project: TinyProject, instance: dg.DagsterInstance
) -> None:
    result = run(project.defs("training.base_model=/no/such/folder"), instance, CHECKPOINT, "base")
    assert reason(result).startswith("BaseModelError: base_model: there is no folder /no/such/folder; give ")
    assert _retries(result) == []
    assert succeeded(result) == set()


# a training that dies


def test_a_killed_training_is_named_tried_again_and_goes_on_from_where_it_was(
    project: TinyProject, instance: dg.DagsterInstance
) -> None:
    defs = project.defs("training.epochs=24", "training.resume_every=5")
    killed: list[int] = []
    over = threading.Event()

    def kill() -> None:
        saved = str(_writing(project) / "**" / "current" / "counters.json")
        within(120, "a resume point", lambda: over.is_set() or glob(saved, recursive=True))  # noqa: PTH207
        for pid in trainings(str(project.root)):
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    killer = threading.Thread(target=kill)
    killer.start()
    result = run(defs, instance, CHECKPOINT, "base")
    over.set()
    killer.join()
    assert result.success, reason(result)
    assert len(killed) == 1
    (died,) = _retries(result)
    assert died.startswith("the training process died (SIGKILL: out of memory, or killed)")
    seen = _observed(instance)
    (resumed,) = [int(o["step"]) for o in seen if o.get("phase") == "resume"]
    assert resumed >= 5
    version = project.published(CHECKPOINT, "base")
    assert version is not None
    curve = json.loads((project.store.audit_folder(version) / "loss.json").read_text())
    steps = [point["step"] for point in curve if "loss" in point]
    assert steps == list(range(1, steps[-1] + 1))
    assert not list(_writing(project).iterdir())


def test_processes_that_torchrun_starts_make_one_checkpoint_and_a_refusal_keeps_its_reason(
    project: TinyProject, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRISTMILL_TRAINING_PROCESSES", "2")
    result = run(project.defs(), instance, CHECKPOINT, "base")
    assert result.success, reason(result)
    version = project.published(CHECKPOINT, "base")
    assert version is not None
    assert (project.store.audit_folder(version) / "predictions.parquet").exists()
    assert sorted(int(o["epoch"]) for o in _observed(instance) if "validation_entity_f1" in o) == [1, 2], "one reports"
    refused = run(project.defs("training.base_model=/no/such/folder"), instance, CHECKPOINT, "base")
    assert reason(refused).startswith("BaseModelError: base_model: there is no folder /no/such/folder; give ")
    assert _retries(refused) == []


def test_a_training_that_dies_every_time_is_given_up_after_two_more_tries_and_says_how(
    project: TinyProject, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: Any) -> None:
        raise TrainingDied("the training process died (SIGSEGV)")

    monkeypatch.setattr(TrainingProcess, "_run", dies)
    result = run(project.defs(), instance, CHECKPOINT, "base")
    assert _retries(result) == ["the training process died (SIGSEGV)"] * 2
    (failure,) = [e.step_failure_data for e in result.all_events if e.is_step_failure]
    assert _innermost(failure.error) == "the training process died (SIGSEGV)"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (-9, "the training process died (SIGKILL: out of memory, or killed); its last words:\n  first\n  last"),
        (-11, "the training process died (SIGSEGV); its last words:\n  first\n  last"),
        (1, "the training process died (exit code 1); its last words:\n  first\n  last"),
        (3, "DeviceUnavailable: no GPU"),
    ],
)
def test_how_a_training_ended_is_said_in_words(code: int, says: str, tmp_path: Path) -> None:
    with (tmp_path / "said").open("w+b") as said:
        said.write(b"first\nlast\n")
        if code == 3:  # torchrun has other words, and an exit code of its own: what was refused lies in the folder
            (tmp_path / "refused.txt").write_text("DeviceUnavailable: no GPU\n")
        error = gpu._died(code, said, tmp_path / "refused.txt")
    assert str(error) == says
    assert isinstance(error, TrainingDied) and isinstance(error, DataSaysNo)
    assert isinstance(error, TrainingRefused) == (code == 3)


# a training that is cancelled


def test_an_interrupted_run_stops_its_training_whose_numbers_arrived_while_it_ran(
    project: TinyProject, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, list[int]]] = []
    observe = TrainingProcess._observe

    def interrupted(self: TrainingProcess, context: Any, event: Mapping[str, Any]) -> None:
        observe(self, context, event)
        if "loss" in event:
            (stored,) = [o["steps"] for o in _observed(instance) if "loss" in o]
            seen.append((stored, trainings(str(project.root))))
            raise dg.DagsterExecutionInterruptedError  # what Dagster makes of a signal while a step runs

    monkeypatch.setattr(TrainingProcess, "_observe", interrupted)
    result = run(project.defs(FOREVER), instance, CHECKPOINT, "base")
    assert not result.success
    assert _retries(result) == []
    ((steps, running),) = seen
    assert steps >= 1000 and len(running) == 1
    assert trainings(str(project.root)) == []


def test_a_training_that_does_not_end_when_told_to_is_killed(tmp_path: Path) -> None:
    deaf = "import signal, sys, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None and process.stdout.readline() == b"deaf\n"
    TrainingProcess(grace_seconds=0.2)._stop(process)
    assert process.returncode == -signal.SIGKILL
    process.stdout.close()


def test_a_training_whose_dagster_process_was_killed_ends_itself(project: TinyProject) -> None:
    step = _python(ONE, str(project.root), environment=project.environment)
    try:
        within(120, "a training process", lambda: trainings(str(project.root)))
    finally:
        step.kill()
        step.communicate()
    within(60, "its end", lambda: trainings(str(project.root)) == [])


# one at a time


@pytest.mark.parametrize("claim", ["one by one", "granted to both"])  # the second is what SQLite lets happen
def test_two_runs_at_the_same_time_train_one_after_the_other(claim: str, project: TinyProject) -> None:
    shutil.copyfile(where.ROOT / "deploy" / "dagster.yaml", project.root / "home" / "dagster.yaml")
    with dg.DagsterInstance.from_config(str(project.root / "home")) as instance:
        assert instance.get_concurrency_config().pool_config.default_pool_limit == 1
        instance.event_log_storage.initialize_concurrency_limit_to_default("gpu")
    words = [(TWO, str(project.root), variant, claim) for variant in VARIANTS]
    running = [_python(*those, environment=project.environment) for those in words]
    said = [process.communicate(timeout=120)[0].splitlines()[-1] for process in running]
    (_, first_end), (second_start, _) = sorted(json.loads(line) for line in said)
    assert first_end <= second_start


def test_a_pool_of_two_lets_two_train_and_the_third_wait(project: TinyProject) -> None:
    with dg.DagsterInstance.from_config(str(project.root / "home")) as instance, ExitStack() as held:
        context, entered = dg.build_asset_context(instance=instance), threading.Event()
        with slot(context, "gpu"), slot(context, "gpu"):
            pass  # a pool without a limit
        instance.event_log_storage.set_concurrency_slots("gpu", 2)

        def third() -> None:
            with slot(context, "gpu"):
                entered.set()

        first = held.enter_context(ExitStack())
        first.enter_context(slot(context, "gpu"))
        held.enter_context(slot(context, "gpu"))
        waiting = threading.Thread(target=third)
        waiting.start()
        assert not entered.wait(3 * SECONDS)
        first.close()
        assert entered.wait(60)
        waiting.join()


def _python(code: str, *words: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *words],
        cwd=where.ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _before_training(project: TinyProject) -> Iterator[Any]:
    recipe, store = project.recipe(), project.store
    yield stages.split(recipe, store)
    for variant in recipe.variants:
        yield stages.augment(recipe, variant, store)


def _writing(project: TinyProject) -> Path:
    return project.root / "store" / ".gristmill-writing"


def _retries(result: dg.ExecuteInProcessResult) -> list[str]:
    """Why each attempt failed that was tried again."""
    failed = [e.step_retry_data.error for e in result.all_events if e.is_step_up_for_retry]
    return [_innermost(error) for error in failed]


def _innermost(error: Any) -> str:
    while error.cause is not None:
        error = error.cause
    return str(error.message).partition(": ")[2].strip()


def _observed(instance: dg.DagsterInstance) -> list[dict[str, Any]]:
    records = instance.fetch_observations(dg.AssetKey(["names", "checkpoint"]), limit=1000, ascending=True).records
    return [{k: v.value for k, v in r.asset_observation.metadata.items()} for r in records if r.asset_observation]
