"""Progress on a terminal, on standard error; silent in a pipe."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

from pipeline.training import Report

_kept: list[TextIO] = []


def keep_terminal() -> None:
    """Remember the terminal: while a step runs, Dagster has standard error go into its log files."""
    if not _kept and sys.stderr.isatty():
        _kept.append(os.fdopen(os.dup(sys.stderr.fileno()), "w"))


class Counter:
    """A bar that counts pieces of work; nothing where no terminal was kept."""

    def __init__(self, bars: Any, total: int, title: str) -> None:
        self._bars = bars
        self._bar = None if bars is None else bars.add_task(title, total=total, note="")

    def step(self, note: str) -> None:
        """One more piece of work begins."""
        if self._bars is not None:
            self._bars.update(self._bar, advance=1, note=note)

    def line(self, text: str, say: Callable[[str], None]) -> None:
        """Say a line: above the bar where both are on a terminal, else as it would be said without one."""
        if self._bars is not None and sys.stdout.isatty():
            self._bars.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            say(text)

    def pause(self) -> None:
        """Make room for another bar."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None


@contextmanager
def counted(title: str, total: int) -> Iterator[Counter]:
    """A bar over pieces of work."""
    if not _kept:
        yield Counter(None, total, title)
        return
    with _bars() as bars:
        yield Counter(bars, total, title)


@contextmanager
def shown(title: str) -> Iterator[Report]:
    """A report that draws a bar while a training runs."""
    if not _kept:
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

    text = (TextColumn("{task.description}", markup=False), TextColumn("{task.fields[note]}", markup=False))
    columns = (text[0], BarColumn(), text[1], TimeRemainingColumn())
    terminal = Console(file=_kept[0], force_terminal=True)
    return Progress(*columns, console=terminal, transient=True, redirect_stdout=False, redirect_stderr=False)
