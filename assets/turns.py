"""One training at a time, also between commands: who holds the pool, and what a killed command left in it."""

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
from dagster import DagsterRunStatus, RunsFilter

PROCESS = "gristmill/process"  # the tag of a run that a command executes itself: host, process id, start of the process
SECONDS = 5.0


def this_process() -> str:
    """Names this process, on this host, for good: a process id that is used again has another start."""
    return _name(os.getpid())


def bury_the_dead(instance: dg.DagsterInstance) -> None:
    """Runs whose command on this host is gone (killed, power lost) are failed, and their place in the pool is freed."""
    open_runs = [DagsterRunStatus.STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.CANCELING]
    for run in instance.get_runs(RunsFilter(statuses=open_runs)):
        name = run.tags.get(PROCESS, "")
        host, _, rest = name.partition(":")
        if host == socket.gethostname() and _name(int(rest.partition(":")[0])) != name:
            instance.report_run_failed(run, "the command that executed this run is gone")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def wait(instance: dg.DagsterInstance, pool: str, say: Callable[[str], None]) -> None:
    """Wait until the pool has room; says once which run holds it."""
    told = False
    while True:
        info = instance.event_log_storage.get_concurrency_info(pool)
        if info.slot_count == 0 or info.active_slot_count < info.slot_count:
            return
        if not told:
            held = ", ".join(sorted(info.active_run_ids))
            say(f"waiting: the pool {pool} is held by run {held}; where that run is gone, `gristmill ui` frees it")
            told = True
        time.sleep(SECONDS)
        bury_the_dead(instance)


def _name(process: int) -> str:
    try:
        start = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:  # gone, or a system without /proc
        start = "" if _alive(process) else "gone"
    return f"{socket.gethostname()}:{process}:{start}"


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
