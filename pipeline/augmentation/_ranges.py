"""Ranges of one long text as arrays, and what is asked of all of them at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.augmentation._letters import SPACE, Bits

Numbers = NDArray[np.int64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ranges:
    """Ranges of the chunk's text in order: the document of each, where it starts and where it ends."""

    row: Numbers
    start: Numbers
    end: Numbers

    def __len__(self) -> int:
        return len(self.row)

    def where(self, which: NDArray[np.generic] | slice) -> Ranges:
        """Some of them, by mask or by number."""
        return Ranges(self.row[which], self.start[which], self.end[which])


def between_spaces(of: Bits, begins: Numbers) -> Ranges:
    """Where the words between white space stand in texts one after another."""
    solid = of & SPACE == 0
    starts, ends = solid.copy(), solid.copy()
    starts[1:] &= ~solid[:-1]
    ends[:-1] &= ~solid[1:]
    inner = begins[1:-1]
    inner = inner[(inner > 0) & (inner < len(solid))]
    starts[inner] = solid[inner]  # a text begins
    ends[inner - 1] = solid[inner - 1]
    start = np.flatnonzero(starts)
    return Ranges(np.searchsorted(begins, start, "right") - 1, start, np.flatnonzero(ends) + 1)


def merged(*found: Ranges) -> Ranges:
    """Disjoint ranges of several kinds in one order."""
    if len(found) == 1:
        return found[0]
    row, start, end = (np.concatenate([getattr(of, name) for of in found]) for name in ("row", "start", "end"))
    return Ranges(row, start, end).where(np.argsort(start, kind="stable"))


def new(row: Numbers, apart: Truths | None = None) -> Truths:
    """Whether each is the first of its row, or apart from the one before it (`apart` has one less)."""
    first = np.ones(len(row), bool)
    first[1:] = row[1:] != row[:-1]
    if apart is not None:
        first[1:] |= apart
    return first


def beside(of: Bits, at: Numbers, begins: Numbers, row: Numbers) -> tuple[Bits, Bits]:
    """What stands before and after each offset of documents; 0 where their texts begin or end."""
    padded = np.append(of, np.uint8(0))
    return np.where(at > begins[row], padded[at - 1], 0), np.where(at < begins[row + 1], padded[at], 0)


def all_of(of: Bits, found: Ranges) -> Bits:
    """What holds of every character of each range; the ranges are disjoint and in order."""
    bounds = np.stack([found.start, found.end], axis=1).ravel()
    shared: Bits = np.bitwise_and.reduceat(np.append(of, np.uint8(0)), bounds)[::2] if len(bounds) else of[:0]
    return shared


def count(found: Ranges, rows: int) -> Numbers:
    """How many ranges each document has."""
    return np.bincount(found.row, minlength=rows)


def lengths(lists: pa.ListArray) -> Numbers:
    """How many values each list has; a missing one none."""
    held: Numbers = np.diff(lists.offsets.to_numpy()).astype(np.int64)
    return np.where(there(lists), held, 0)


def there(column: pa.Array) -> Truths:
    """Which values are not missing."""
    found: Truths = column.is_valid().to_numpy(zero_copy_only=False)
    return found
