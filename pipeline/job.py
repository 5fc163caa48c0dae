"""A training job as a folder: all that a process needs to train one variant, and nothing of who asked."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.encoder import Pretraining, Texts
from pipeline.part import build
from pipeline.task import Task
from pipeline.training import Report, Splits, Training
from pipeline.types import Checkpoint

TIMES = ("run.json", "loss.json")  # what differs from run to run
REFUSAL = "refused.txt"  # why it said no
UNLABELLED = "unlabelled.parquet"
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
    encoder: Mapping[str, Any] | None = field(default=None, hash=False)  # to pre-train, not to fine-tune


def lay_out(job: Job, splits: Splits) -> None:
    """Write the job and its data into its folder."""
    data = job.folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    for name in ("train", "validation", "test"):
        pq.write_table(getattr(splits, name), data / f"{name}.parquet")
    if splits.unlabelled is not None:
        pq.write_table(splits.unlabelled, data / UNLABELLED)
    for name, folder in splits.models.items():
        shutil.copytree(folder, data / "models" / name, dirs_exist_ok=True)
    shutil.rmtree(data / "copies", ignore_errors=True)
    (data / "copies").mkdir()
    for name, copy in splits.copies.items():
        pq.write_table(copy, data / "copies" / f"{name}.parquet")
    save(job)


def save(job: Job) -> None:
    """Write what to do into the job's folder."""
    (job.folder / "job.json").write_text(json.dumps({**asdict(job), "folder": ""}, ensure_ascii=False))


def load(folder: Path) -> Job:
    """The job that lies in a folder."""
    return Job(**{**json.loads((folder / "job.json").read_text()), "folder": folder})


def run(job: Job, report: Report) -> Checkpoint | None:
    """Train in this process; an encoder gives no checkpoint, nor does a process that only helps another.

    Raises:
        DeviceUnavailable: the recipe requires what this machine does not have.
    """
    from pipeline.training import _distributed
    from pipeline.training._device import choose_device

    if job.encoder is not None:
        _pretrain(job, job.encoder, report)
        return None
    task, training = build("task", dict(job.task)), build("training", dict(job.training))
    assert isinstance(task, Task) and isinstance(training, Training)
    device = choose_device(job.device, job.precision, job.threads, training.requires)
    _distributed.begin(device.kind)
    tables = {name: _read(job.folder / "data" / f"{name}.parquet") for name in ("train", "validation", "test")}
    copies = {p.stem: _read(p) for p in sorted((job.folder / "data" / "copies").glob("*.parquet"))}
    models = {p.name: p for p in sorted((job.folder / "data" / "models").glob("*"))}
    more = job.folder / "data" / UNLABELLED
    unlabelled = _read(more) if more.exists() else None
    splits = Splits(**tables, digest=job.digest, copies=copies, models=models, unlabelled=unlabelled)
    with _place(job.folder, report) as (out, told, leads):
        checkpoint = training.fit(task, splits, device, out, told)
    if not leads:
        return None
    shown = asdict(checkpoint) | {"path": "model", "recipe_fingerprint": job.fingerprint}
    (job.folder / "run.json").write_text(json.dumps(shown, ensure_ascii=False, default=str))
    return checkpoint


def _pretrain(job: Job, settings: Mapping[str, Any], report: Report) -> None:
    from pipeline.training import _distributed
    from pipeline.training._device import choose_device

    method = build("encoder", dict(settings))
    assert isinstance(method, Pretraining)
    device = choose_device(job.device, job.precision, job.threads, method.requires)
    _distributed.begin(device.kind)
    train, validation = (_read(job.folder / "data" / f"{name}.parquet") for name in ("train", "validation"))
    with _place(job.folder, report) as (out, told, leads):
        metrics = method.fit(Texts(train, validation, job.digest), device, out, told)
    if not leads:
        return
    shown = {"metrics": dict(metrics), "device": asdict(device)}
    (job.folder / "run.json").write_text(json.dumps(shown, ensure_ascii=False))


@contextmanager
def _place(folder: Path, report: Report) -> Iterator[tuple[Path, Report, bool]]:
    """Where a process writes, to whom it reports, and whether it leads.

    The first of a training writes into the job's folder, the others where nobody looks; all of them read its resume
    point.
    """
    from pipeline.training import _distributed

    try:
        if _distributed.rank() == 0:
            yield folder, report, True
            return
        with tempfile.TemporaryDirectory() as aside:
            (Path(aside) / "resume").symlink_to(folder / "resume")
            with suppress(_distributed.Done):
                yield Path(aside), _quiet, False
    finally:
        _distributed.end()


def _quiet(_: Mapping[str, Any]) -> None:
    """What the first process of a training reports, the others need not."""


def clear(job: Job) -> None:
    """Take away what is not part of the checkpoint."""
    shutil.rmtree(job.folder / "data", ignore_errors=True)
    shutil.rmtree(job.folder / "resume", ignore_errors=True)
    for name in ("job.json", REFUSAL):
        (job.folder / name).unlink(missing_ok=True)


def _read(path: Path) -> pa.Table:
    return pq.read_table(path)
