"""As many trainings at once as the pool allows, whatever the storage of Dagster does.

Dagster claims a slot of a pool in two statements and counts on a lock of the row between them. SQLite has none: two
runs that ask within the same millisecond both train. Locks on files hold on one machine, and end with their process.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import dagster as dg

from pipeline.draft import locked
from pipeline.errors import StoreError

SECONDS = 0.5  # between two tries


@contextmanager
def slot(context: dg.AssetExecutionContext, pool: str) -> Iterator[None]:
    """Hold one of the pool's slots on this machine, once one is free; at once where the pool has no limit."""
    limit = _limit(context.instance, pool)
    if limit is None:
        yield
        return
    folder = Path(context.instance.root_directory) / "slots"
    folder.mkdir(parents=True, exist_ok=True)
    places, said = [folder / f"{pool}-{n}" for n in range(limit)], False
    with ExitStack() as held:
        while not _entered(held, places):
            if not said:
                context.log.info(f"waiting: {limit} at once, as many as are training on this machine")
                said = True
            time.sleep(SECONDS)
        yield


def _entered(held: ExitStack, places: Sequence[Path]) -> bool:
    for place in places:
        with suppress(StoreError):  # another process has it
            held.enter_context(locked(place))
            return True
    return False


def _limit(instance: dg.DagsterInstance, pool: str) -> int | None:
    if not instance.event_log_storage.supports_global_concurrency_limits:
        return None
    return next((found.limit for found in instance.event_log_storage.get_pool_limits() if found.name == pool), None)
