"""Progress on a terminal, on standard error; silent in a pipe."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pipeline.training import Report


class Counter:
    """A bar that counts pieces of work; nothing where standard error is no terminal."""

    def __init__(self, bars: Any, total: int, title: str) -> None:
        self._bars = bars
        self._bar = None if bars is None else bars.add_task(title, total=total, note="")

    def step(self, note: str) -> None:
        """One more piece of work begins."""
        if self._bars is not None:
            self._bars.update(self._bar, advance=1, note=note)

    def pause(self) -> None:
        """Make room for another bar."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None


@contextmanager
def counted(title: str, total: int) -> Iterator[Counter]:
    """A bar over pieces of work."""
    if not sys.stderr.isatty():
        yield Counter(None, total, title)
        return
    with _bars() as bars:
        yield Counter(bars, total, title)


@contextmanager
def shown(title: str) -> Iterator[Report]:
    """A report that draws a bar while a training runs."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with _bars() as bars:
        bar = bars.add_task(title, total=None, note="")

        def draw(event: Mapping[str, Any]) -> None:
            if event.get("kind") == "step":
                note = f"loss {event['loss']:.3f}, {event['tokens_per_second']:,.0f} tokens/s"
                bars.update(bar, total=event["steps"], completed=event["step"], note=note)
            elif event.get("kind") == "phase":
                bars.update(bar, description=f"{title}: {event['phase']}")

        yield draw


def _bars() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
