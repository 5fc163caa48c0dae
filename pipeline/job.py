"""A training job as a folder: all that a process needs to train one variant, and nothing of who asked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.part import build
from pipeline.task import Task
from pipeline.training import Report, Splits, Training
from pipeline.types import Checkpoint

TIMES = ("run.json", "loss.json")  # what differs from run to run
REFUSED = 3  # exit code of a training process that said no itself: trying again would not help


@dataclass(frozen=True, slots=True)
class Job:
    """What to train, as settings of parts; the data lies in `folder/data`. `device`, `precision`: "auto" chooses."""

    folder: Path
    task: Mapping[str, Any] = field(hash=False)
    training: Mapping[str, Any] = field(hash=False)
    digest: str
    fingerprint: str
    device: str = "auto"
    precision: str = "auto"
    threads: int = 0


def lay_out(job: Job, splits: Splits) -> None:
    """Write the job and its data into its folder."""
    data = job.folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    for name in ("train", "validation", "test"):
        pq.write_table(getattr(splits, name), data / f"{name}.parquet")
    (data / "noised.parquet").unlink(missing_ok=True)
    if splits.noised is not None:
        pq.write_table(splits.noised, data / "noised.parquet")
    save(job)


def save(job: Job) -> None:
    """Write what to do into the job's folder."""
    (job.folder / "job.json").write_text(json.dumps({**asdict(job), "folder": ""}, ensure_ascii=False))


def load(folder: Path) -> Job:
    """The job that lies in a folder."""
    return Job(**{**json.loads((folder / "job.json").read_text()), "folder": folder})


def run(job: Job, report: Report) -> Checkpoint:
    """Train in this process. Raises DeviceUnavailable where the recipe requires what this machine does not have."""
    from pipeline.training._device import choose_device

    task, training = build("task", dict(job.task)), build("training", dict(job.training))
    assert isinstance(task, Task) and isinstance(training, Training)
    device = choose_device(job.device, job.precision, job.threads, training.requires)
    tables = {name: _read(job.folder / "data" / f"{name}.parquet") for name in ("train", "validation", "test")}
    noised = job.folder / "data" / "noised.parquet"
    splits = Splits(**tables, digest=job.digest, noised=_read(noised) if noised.exists() else None)
    checkpoint = training.fit(task, splits, device, job.folder, report)
    shown = asdict(checkpoint) | {"path": "model", "recipe_fingerprint": job.fingerprint}
    (job.folder / "run.json").write_text(json.dumps(shown, ensure_ascii=False, default=str))
    return checkpoint


def clear(job: Job) -> None:
    """Take away what is not part of the checkpoint."""
    shutil.rmtree(job.folder / "data", ignore_errors=True)
    shutil.rmtree(job.folder / "resume", ignore_errors=True)
    (job.folder / "job.json").unlink(missing_ok=True)


def _read(path: Path) -> pa.Table:
    return pq.read_table(path)
