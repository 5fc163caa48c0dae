"""What a fault is, and what all kinds of it need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

import pyarrow as pa

from pipeline.frames import DOCUMENTS

Row = dict[str, Any]  # one document, as `pa.Table.to_pylist` gives it
Enters = Literal["file", "raw", "splits", "augmented", "checkpoint", "store"]
Needs = Literal["spans", "label", "tokens", "groups", "predictions"]


@dataclass(frozen=True, slots=True)
class World:
    """What a fault may know besides the rows: the task's labels, and texts of another language and another domain."""

    labels: tuple[str, ...]
    language: str
    foreign: Sequence[str] = field(default=(), repr=False)
    off_topic: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault. `plant(rows, strength, rng, world)` gives rows that have it; its docstring says what it is.

    `enters` is where it gets in: in a file that is read (then `plant` gives the file's name and bytes), in what was
    read (`raw`), in the splits, in what augmentation made, in a checkpoint's numbers, or in the store. `needs` is what
    the data must have. `seen_by` are gates that look at it: they are asked first, which saves time and nothing else.
    `trace` is a pattern (RE2) that texts with the fault match: where cleaning has left none, it repaired the fault.
    """

    plant: Callable[..., Any]
    enters: Enters
    strengths: tuple[float, ...]
    needs: tuple[Needs, ...] = ()
    seen_by: tuple[str, ...] = ()
    trace: str = ""

    @property
    def kind(self) -> str:
        """The name, which is the function's."""
        return self.plant.__name__

    @property
    def about(self) -> str:
        """What it is, in one sentence."""
        return (self.plant.__doc__ or "").strip().partition("\n")[0]


def some(rows: Sequence[Any], share: float, rng: Random) -> list[int]:
    """The places of a share of the rows, at least one, in order."""
    return sorted(rng.sample(range(len(rows)), min(len(rows), max(1, round(share * len(rows)))))) if rows else []


def changed(
    rows: Sequence[Row], share: float, rng: Random, change: Callable[[Row], Mapping[str, Any]], *, of: str = ""
) -> list[Row]:
    """The rows, a share of them changed; `of` names a column that must hold something in a row that is drawn."""
    able = [at for at, row in enumerate(rows) if not of or row[of]]
    drawn = {able[i] for i in some(able, share, rng)}
    return [{**row, **change(row)} if at in drawn else row for at, row in enumerate(rows)]


def respanned(rows: Sequence[Row], share: float, rng: Random, change: Callable[[Row, Row], Row | None]) -> list[Row]:
    """The rows with a share of all spans changed, or taken away where `change(row, span)` gives None."""
    places = [(at, n) for at, row in enumerate(rows) for n in range(len(row["spans"] or ()))]
    drawn = {places[i] for i in some(places, share, rng)}

    def spans(at: int, row: Row) -> list[Row]:
        new = [change(row, s) if (at, n) in drawn else s for n, s in enumerate(row["spans"])]
        return [s for s in new if s is not None]

    touched = {at for at, _ in drawn}
    return [{**row, "spans": spans(at, row)} if at in touched else row for at, row in enumerate(rows)]


def texted(row: Row, text: str) -> Row:
    """The row with another text that none of its annotation fits: spans and tokens go."""
    return {**row, "text": text, "spans": None if row["spans"] is None else [], "tokens": None}


def prefixed(row: Row, text: str, *, after: str = "") -> Row:
    """The row with text before and after its own; spans travel."""
    by = len(text)

    def moved(ranges: list[Row] | None) -> list[Row] | None:
        return None if ranges is None else [{**r, "start": r["start"] + by, "end": r["end"] + by} for r in ranges]

    return {**row, "text": text + row["text"] + after, "spans": moved(row["spans"]), "tokens": moved(row["tokens"])}


def edited(text: str, share: float, rng: Random) -> str:
    """The text with a share of its characters, at least one, replaced by others of the text: its length stays."""
    letters = list(text)
    for at in some(letters, share, rng):
        letters[at] = rng.choice(text)
    return "".join(letters)


def table_of(rows: Sequence[Row]) -> pa.Table:
    """The rows as a table, whatever is wrong with them."""
    return pa.Table.from_pylist(list(rows), schema=DOCUMENTS)
