"""Kills a recipe's training at random moments, lets it go on, and compares what comes out with a training left alone.

`python -m pipeline.crashing FOLDER` is one such training: deterministic, and every step noted as it is done.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline import job
from pipeline.draft import Draft
from pipeline.errors import TrainingDied
from pipeline.recipe import Recipe
from pipeline.stages.fine_tune import fine_tune
from pipeline.store import Store
from pipeline.training import Report
from pipeline.types import Json

STEPS = "steps.txt"  # a line a step that was done, in the order of doing, over all the lives of a training
Say = Callable[[str], None]


class _LaidOut(Exception):
    """The job lies in its folder; nothing was trained."""


def crash_test(recipe: Recipe, variant: str, store: Store, kills: int, seed: int, say: Say) -> dict[str, Json]:
    """Train once undisturbed, then again and again, with SIGKILL at moments drawn from the time the first one took.

    A training goes on in its folder after each kill, and may be killed again, until it ends; then its model is compared
    with the undisturbed one and the next training begins, until there were `kills` of them. The result: `kills`,
    `trainings` that were compared, `differing_bytes` of their model folders, `lost_steps` (steps done more than once,
    over all trainings), `steps` of one training, `seconds`.

    Raises:
        GateNotPassed: nothing is published to train on.
        TrainingDied: a training ended by itself; with its last words.
    """
    began, rng = time.monotonic(), random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="gristmill-crash-") as place:
        job_folder, whole, folder = (Path(place) / name for name in ("job", "whole", "killed"))
        _lay_out(recipe, variant, store, job_folder)
        shutil.copytree(job_folder, whole)
        started = time.monotonic()
        if not _lived(whole, None):
            raise TrainingDied("the training that was left alone was killed by somebody else")
        length = time.monotonic() - started
        expected = _model(whole)
        steps = _noted(whole)
        say(f"left alone: {len(steps)} steps, {length:.1f} s")
        done, trainings, differing, lost = 0, 0, 0, 0
        while done < kills:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(job_folder, folder)
            while not _lived(folder, rng.uniform(0, length) if done < kills else None):
                done += 1
                say(f"kill {done} after step {max(_noted(folder), default=0)} of {len(steps)}")
            trainings += 1
            found = _model(folder)
            differing += sum(_differing(expected.get(n, b""), found.get(n, b"")) for n in {*expected, *found})
            lost += len(_noted(folder)) - len(set(_noted(folder)))
    return {
        "kills": done,
        "trainings": trainings,
        "differing_bytes": differing,
        "lost_steps": lost,
        "steps": len(steps),
        "seconds": round(time.monotonic() - began, 1),
    }


def _lay_out(recipe: Recipe, variant: str, store: Store, folder: Path) -> None:
    def stop(todo: job.Job, report: Report) -> None:
        raise _LaidOut

    folder.mkdir()
    with suppress(_LaidOut):
        fine_tune(recipe, variant, store, stop).write(Draft(folder))


def _lived(folder: Path, seconds: float | None) -> bool:
    """Whether the training in the folder ended before it was killed, so many seconds after its start."""
    with tempfile.TemporaryFile() as said:
        command = [sys.executable, "-m", "pipeline.crashing", str(folder)]
        process = subprocess.Popen(command, stderr=said, stdout=said, start_new_session=True)
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return False
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        if code:
            said.seek(0)
            words = said.read().decode(errors="replace").strip().splitlines()
            raise TrainingDied(
                "\n  ".join([f"the training ended with exit code {code}; its last words:", *words[-12:]])
            )
    return True


def _model(folder: Path) -> dict[str, bytes]:
    """The files of what was trained, by name."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in (folder / "model").rglob("*") if p.is_file()}


def _noted(folder: Path) -> list[int]:
    """The steps that were done, by number, in order; a line that a kill cut short does not count."""
    path = folder / STEPS
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    return [int(line) for line in lines if line.endswith("\n")]


def _differing(one: bytes, other: bytes) -> int:
    """Bytes that differ at their place, and those that only one side has."""
    if one == other:
        return 0
    return sum(a != b for a, b in zip(one, other, strict=False)) + abs(len(one) - len(other))


def main() -> None:
    """Train the job in a folder, deterministically."""
    import torch

    from pipeline.training import _loop

    folder = Path(sys.argv[1])
    _loop.TELL_SECONDS = 0.0
    torch.use_deterministic_algorithms(mode=True)
    with (folder / STEPS).open("a", encoding="utf-8") as steps:

        def note(event: Mapping[str, Any]) -> None:
            if event["kind"] == "step":
                steps.write(f"{event['step']}\n")
                steps.flush()

        job.run(job.load(folder), note)


if __name__ == "__main__":
    main()
