"""Work spread over processes of one thread each: more threads than cores thrash a machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


def cores() -> int:
    """Processes to use: GRISTMILL_PROCESSES, else the cores that this process may use."""
    asked = os.environ.get("GRISTMILL_PROCESSES", "")
    if asked.isdigit():
        return max(1, int(asked))
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def pool(count: int, begin: Callable[..., None] | None = None, *told: Any) -> Iterator[ProcessPoolExecutor]:
    """`count` fresh processes, each of which begins with `begin(*told)`; what they are given and give is copied."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(_ONE_THREAD)
    try:
        with ProcessPoolExecutor(count, get_context("spawn"), begin, told) as executor:
            yield executor
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
