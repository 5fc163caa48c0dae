"""The programs that a training's numbers go to, one class each: TensorBoard, Weights & Biases, MLflow.

Each is imported when a run begins. None of them imports torch.
"""

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import dagster as dg

Rows = list[tuple[int, dict[str, float]]]
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.I)


class Log(Protocol):
    """One run of one tracking program. Every method may raise what it likes."""

    @property
    def link(self) -> dg.MetadataValue[Any]:
        """Where a person finds it."""

    def write(self, rows: Rows) -> None:
        """Numbers by step."""

    def resumed(self, step: int) -> None:
        """What was written of later steps is done again."""

    def finish(self, step: int, metrics: Mapping[str, float], died: bool) -> None:
        """The last numbers; what died may go on later."""


class TensorBoard:
    """Event files in a folder, one more for every process that writes into it."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        from tensorboard.compat.proto import event_pb2, summary_pb2
        from tensorboard.plugins.hparams import summary_v2
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        folder.mkdir(parents=True, exist_ok=True)
        self.link: dg.MetadataValue[Any] = dg.MetadataValue.path(str(folder))
        self._events, self._summaries = event_pb2, summary_pb2
        self._writer = EventFileWriter(str(folder))
        self._add(0, summary=summary_v2.hparams_pb(dict(settings), trial_id=folder.name))

    def write(self, rows: Rows) -> None:
        """One scalar a number."""
        for step, numbers in rows:
            values = [self._summaries.Summary.Value(tag=name, simple_value=n) for name, n in numbers.items()]
            self._add(step, summary=self._summaries.Summary(value=values))
        self._writer.flush()

    def resumed(self, step: int) -> None:
        """TensorBoard leaves out what stands in older files after this step."""
        session = self._events.SessionLog
        self._add(step + 1, session_log=session(status=session.START))

    def finish(self, step: int, metrics: Mapping[str, float], died: bool) -> None:
        """The last numbers are named `final/…`."""
        self.write([(step, {f"final/{name}": n for name, n in metrics.items()})])
        self._writer.close()

    def _add(self, step: int, **what: Any) -> None:
        self._writer.add_event(self._events.Event(wall_time=time.time(), step=step, **what))


class WeightsAndBiases:
    """One run, by its version; nothing of the machine, the code or the terminal is sent along."""

    def __init__(self, home: Path, project: str, run: Mapping[str, str], settings: Mapping[str, str]) -> None:
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        import wandb

        mode = os.environ.get("WANDB_MODE") or "offline"
        alone = wandb.Settings(
            console="off",
            silent=True,
            init_timeout=30,
            disable_git=True,
            disable_code=True,
            x_disable_meta=True,
            x_disable_stats=True,
            x_disable_machine_info=True,
            x_save_requirements=False,
        )
        self._run: Any = wandb.init(
            project=project,
            id=run["version"],
            name=f"{run['recipe']}/{run['variant']}",
            group=run["recipe"],
            dir=str(home),
            config=dict(settings),
            mode=mode,  # type: ignore[arg-type]
            resume="allow",
            settings=alone,
        )
        url = self._run.url
        self.link: dg.MetadataValue[Any] = (
            dg.MetadataValue.url(url) if url else dg.MetadataValue.path(str(Path(self._run.dir).parent))
        )

    def write(self, rows: Rows) -> None:
        """By step."""
        for step, numbers in rows:
            self._run.log(numbers, step=step)

    def resumed(self, step: int) -> None:
        """W&B keeps what a run said first of a step."""

    def finish(self, step: int, metrics: Mapping[str, float], died: bool) -> None:
        """Into the summary."""
        self._run.summary.update({f"final/{name}": n for name, n in metrics.items()})
        self._run.finish(exit_code=int(died))


class MLflow:
    """One run, found again by the tag `version`."""

    def __init__(self, uri: str, project: str, run: Mapping[str, str], settings: Mapping[str, str]) -> None:
        for name, value in (("MAX_RETRIES", "1"), ("TIMEOUT", "10")):  # its own keep a training waiting for minutes
            os.environ.setdefault(f"MLFLOW_HTTP_REQUEST_{name}", value)
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        from mlflow.entities import Metric, Param
        from mlflow.tracking import MlflowClient

        self._metric = Metric
        self._client = client = MlflowClient(uri)
        name = f"{project}/{run['recipe']}"
        known = client.get_experiment_by_name(name)
        experiment = known.experiment_id if known else client.create_experiment(name)
        same = f"tags.version = '{run['version']}'"
        found = client.search_runs([experiment], same, max_results=1)
        if found:
            self._id = found[0].info.run_id
            client.update_run(self._id, status="RUNNING")
        else:
            self._id = client.create_run(experiment, tags=dict(run), run_name=run["variant"]).info.run_id
            client.log_batch(self._id, params=[Param(k, v) for k, v in settings.items()])
        page = f"{redacted(uri).rstrip('/')}/#/experiments/{experiment}/runs/{self._id}"
        remote = uri.startswith("http")
        self.link: dg.MetadataValue[Any] = dg.MetadataValue.url(page) if remote else dg.MetadataValue.text(page)

    def write(self, rows: Rows) -> None:
        """All in one request, or a few: the server takes 1000 numbers at a time."""
        now = int(time.time() * 1000)
        metrics = [self._metric(name, n, now, step) for step, numbers in rows for name, n in numbers.items()]
        for at in range(0, len(metrics), 1000):
            self._client.log_batch(self._id, metrics=metrics[at : at + 1000])

    def resumed(self, step: int) -> None:
        """MLflow keeps both values of a step."""

    def finish(self, step: int, metrics: Mapping[str, float], died: bool) -> None:
        """And that it has ended."""
        self.write([(step, {f"final/{name}": n for name, n in metrics.items()})])
        self._client.set_terminated(self._id, "FAILED" if died else "FINISHED")


def redacted(text: str) -> str:
    """Without passwords and queries of URLs, and without the values of secrets of the environment.

    >>> redacted("postgres://me:secret@db/x?token=1 and plain")
    'postgres://db/x and plain'
    """
    text = re.sub(r"(\w+://)[^/\s@]*@", r"\1", text)
    text = re.sub(r"(\w+://[^\s?]+)\?\S*", r"\1", text)
    for name, value in os.environ.items():
        if _SECRET.search(name) and len(value) >= 6:
            text = text.replace(value, "***")
    return text
