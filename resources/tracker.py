"""The tracker: a training's numbers, as they come, for TensorBoard, Weights & Biases or MLflow. torch is not needed.

What is written are numbers, the settings of the method and of the task, and where the data came from as a digest;
never the settings of a source, nor the environment. A tracker that fails is said once and does not stop the training.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from pipeline.errors import WrongUse, did_you_mean
from pipeline.extras import require
from pipeline.job import Job
from pipeline.part import build
from pipeline.training import Report
from resources.tracking import Log, MLflow, Rows, TensorBoard, WeightsAndBiases, redacted

KINDS = ("tensorboard", "wandb", "mlflow", "none")
LOCAL = ("tensorboard", "none")  # nothing to install
EVERY_SECONDS = 1.0
AGAIN_SECONDS = 30.0  # after a failure
LONGEST = 500  # characters of a setting


class Tracker(dg.ConfigurableResource[None]):
    """Where the numbers of a training go: of a variant, of the recipe's encoder, of a trial of its search.

    `use` is tensorboard, wandb, mlflow or none; empty: GRISTMILL_TRACKER, else tensorboard. Runs of one version, one
    that was killed and goes on, are one run. TensorBoard's files lie in `tensorboard/RECIPE/VARIANT/VERSION` of
    DAGSTER_HOME; `encoder` and `search` stand in the place of a variant, a trial's version ends in its number.
    `project` is that of W&B (offline unless WANDB_MODE says otherwise) and begins the name of MLflow's experiment.
    `tracking_uri` is MLflow's; empty: MLFLOW_TRACKING_URI.
    """

    use: str = ""
    project: str = "gristmill"
    tracking_uri: str = ""

    @contextmanager
    def following(self, context: dg.AssetExecutionContext, todo: Job) -> Iterator[Report]:
        """A report that tracks a training of `context`'s asset and partition, and links the run to its materialization.

        The link is `tracked`; an asset with trials has a `tracked_trial_N` for each, ended early or not.

        Raises:
            WrongUse: there is no such tracker, it is not installed, or MLflow's server is not named.
        """
        kind = self.kind()
        if kind == "none":
            yield lambda _: None
            return
        recipe, stage = context.asset_key.path
        variant = context.partition_key if context.has_partition_key else stage
        run = {"recipe": recipe, "variant": variant, "version": todo.folder.name}
        home = Path(os.environ.get("DAGSTER_HOME") or context.instance.root_directory).resolve()
        tracked = Tracked(lambda: self._open(kind, home, run, parameters(todo, run)), context.log.warning)
        died = True
        try:
            yield tracked
            died = False
        finally:
            tracked.finish({} if died else _final(todo.folder), died)
            _, _, trial = todo.folder.name.partition("-")
            context.add_output_metadata({f"tracked_trial_{trial}" if trial else "tracked": tracked.link})

    def kind(self) -> str:
        """Which tracker."""
        kind = self.use or os.environ.get("GRISTMILL_TRACKER") or "tensorboard"
        if kind not in KINDS:
            raise WrongUse(f"GRISTMILL_TRACKER: there is no tracker {kind!r}; {did_you_mean(kind, KINDS)}")
        if kind not in LOCAL:
            require(kind, "tracking")
        if kind == "mlflow" and not self._uri():
            raise WrongUse("GRISTMILL_TRACKER: mlflow needs MLFLOW_TRACKING_URI, the address of its server")
        return kind

    def _uri(self) -> str:
        return self.tracking_uri or os.environ.get("MLFLOW_TRACKING_URI", "")

    def _open(self, kind: str, home: Path, run: Mapping[str, str], settings: Mapping[str, str]) -> Log:
        if kind == "tensorboard":
            return TensorBoard(home.joinpath("tensorboard", *run.values()), settings)
        if kind == "wandb":
            return WeightsAndBiases(home, self.project, run, settings)
        return MLflow(self._uri(), self.project, run, settings)


class Tracked:
    """Collects what is reported and writes it a second later; what could not be written is tried again."""

    def __init__(self, begin: Callable[[], Log], warn: Callable[[str], object]) -> None:
        self.link: Any = "not tracked"
        self._begin, self._warn = begin, warn
        self._log: Log | None = None
        self._rows: Rows = []
        self._resumed: int | None = None
        self._step, self._next, self._warned = 0, 0.0, False

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Take what a training reports."""
        known = {k: float(v) for k, v in event.items() if isinstance(v, int | float) and not isinstance(v, bool)}
        if event.get("phase") == "resume":
            self._resumed = int(known["step"])
        elif "step" in known:
            self._step = int(known.pop("step"))
            known.pop("steps", None)
            self._rows.append((self._step, known))
        if time.monotonic() >= self._next:
            self._tried(self._send)

    def finish(self, metrics: Mapping[str, float], died: bool) -> None:
        """Write what is left and the last numbers."""

        def last() -> None:
            self._send()
            if self._log is not None:
                self._log.finish(self._step, metrics, died)

        self._tried(last)

    def _send(self) -> None:
        if self._log is None:
            self._log = self._begin()
            self.link = self._log.link
        if self._resumed is not None:
            self._log.resumed(self._resumed)
            self._resumed = None
        if self._rows:
            self._log.write(self._rows)
            self._rows = []

    def _tried(self, what: Callable[[], None]) -> None:
        self._next = time.monotonic() + EVERY_SECONDS
        try:
            what()
        except Exception as error:  # whatever a tracking library raises, the training is worth more
            self._next = time.monotonic() + AGAIN_SECONDS
            said = redacted(f"{type(error).__name__}: {error}")[:LONGEST]
            if self._log is None:
                self.link = f"not tracked: {said}"
            if not self._warned:
                self._warned = True
                self._warn(f"the tracker failed, the training goes on without it: {said}")


def parameters(todo: Job, run: Mapping[str, str]) -> dict[str, str]:
    """What a run is of: settings of task and method (or pre-training) without places of data, secrets taken out."""
    said: dict[str, Any] = {**run, "data_digest": todo.digest}
    trained = ("training", todo.training) if todo.encoder is None else ("encoder", todo.encoder)
    for name, settings in (("task", todo.task), trained):
        said |= {f"{name}.{key}": value for key, value in build(name, dict(settings)).settings().items()}
    texts = {k: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for k, v in said.items()}
    return {key: redacted(text)[:LONGEST] for key, text in texts.items()}


def _final(folder: Path) -> dict[str, float]:
    """The numbers of the checkpoint that was written; nothing where a trainer wrote none."""
    file = folder / "run.json"
    return dict(json.loads(file.read_text())["metrics"]) if file.is_file() else {}
