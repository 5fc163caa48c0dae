"""The GPU resource: starts the process that trains, streams its numbers, and says clearly how it died.

torch lives in that process only. One training at a time: the checkpoint assets share the Dagster pool `gpu`.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import dagster as dg
from dagster import PipesTempFileContextInjector, open_pipes_session

from pipeline import job
from pipeline.errors import TrainingDied
from pipeline.stages import Trainer
from pipeline.training import Report
from resources import progress
from resources.messages import SECONDS, WholeLines
from resources.slots import slot
from resources.tracker import Tracker

POOL = "gpu"
# Threads that wait by spinning take the cores from whoever else wants them.
QUIET = {"TOKENIZERS_PARALLELISM": "false", "OMP_WAIT_POLICY": "PASSIVE"}


class TrainingRefused(TrainingDied):
    """The training itself said no (no such device, a broken base model): the reason is in the message."""


class TrainingProcess(dg.ConfigurableResource[None]):
    """Chooses the device and owns the process that uses it.

    `device` is auto, cuda, mps or cpu; `precision` is auto, fp32 or bf16; `threads` is for the CPU, 0 leaves it to
    torch. `processes` above 1 train together, started by torchrun: one a GPU, or on the CPU with gloo.
    `grace_seconds` is how long a cancelled training may take to end before it is killed.
    """

    device: str = "auto"
    precision: str = "auto"
    threads: int = 0
    processes: int = 1
    grace_seconds: float = 10.0

    def trainer(self, context: dg.AssetExecutionContext, tracker: Tracker) -> Trainer:
        """A trainer that runs jobs in a process of their own and logs their reports as observations of the asset."""

        def train(todo: job.Job, report: Report) -> None:
            job.save(replace(todo, device=self.device, precision=self.precision, threads=self.threads))
            name = context.asset_key.to_user_string()
            with slot(context, POOL), progress.shown(name) as draw, tracker.following(context, todo) as track:

                def each(event: Mapping[str, Any]) -> None:
                    draw(event)
                    track(event)
                    report(event)

                self._run(context, todo, each)

        return train

    def _run(self, context: dg.AssetExecutionContext, todo: job.Job, report: Report) -> None:
        command = [*self._launcher(), "resources.training_process", str(todo.folder), str(os.getpid())]
        (todo.folder / job.REFUSAL).unlink(missing_ok=True)
        with (
            tempfile.TemporaryFile() as said,
            open_pipes_session(
                context=context,
                context_injector=PipesTempFileContextInjector(),
                message_reader=WholeLines(),
            ) as session,
        ):
            environment = {**QUIET, **os.environ, **session.get_bootstrap_env_vars()}
            process = subprocess.Popen(command, env=environment, stderr=said, start_new_session=True)
            seen = 0
            try:
                while True:
                    code = process.poll()
                    if code is not None:
                        time.sleep(4 * SECONDS)  # the reader is a moment behind
                    events = session.message_handler.get_custom_messages()
                    for event in events[seen:]:
                        self._observe(context, event)
                        report(event)
                    seen = len(events)
                    if code is not None:
                        break
                    time.sleep(0.2)
            except BaseException:  # cancelled: nothing may go on holding the device
                self._stop(process)
                raise
            if code != 0:
                raise _died(code, said, todo.folder / job.REFUSAL)

    def _launcher(self) -> list[str]:
        if self.processes == 1:
            return [sys.executable, "-m"]
        several = ["--standalone", f"--nproc-per-node={self.processes}"]
        return [sys.executable, "-m", "torch.distributed.run", *several, "-m"]

    def _observe(self, context: dg.AssetExecutionContext, event: Mapping[str, Any]) -> None:
        numbers = {k: v for k, v in event.items() if k != "kind" and v is not None}
        partition = context.partition_key if context.has_partition_key else None
        shown = f"{event.get('kind')} {event.get('phase') or event.get('step') or event.get('epoch') or ''}"
        context.log_event(dg.AssetObservation(context.asset_key, shown, numbers, partition=partition))

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        try:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(self.grace_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        except ProcessLookupError:
            pass


def _died(code: int, said: IO[bytes], refusal: Path) -> TrainingDied:
    if refusal.exists():
        return TrainingRefused(refusal.read_text(encoding="utf-8").strip())
    said.seek(0)
    words = said.read().decode(errors="replace").strip().splitlines()
    causes = {-9: "SIGKILL: out of memory, or killed", -11: "SIGSEGV", -6: "SIGABRT", -15: "SIGTERM: stopped"}
    last = "\n  ".join(words[-12:])
    return TrainingDied(
        f"the training process died ({causes.get(code, f'exit code {code}')}); its last words:\n  {last}"
    )
