"""Faults that are planted in real data to see which gate catches them.

A kind is a function `plant(rows, strength, rng, world)` whose docstring says what is wrong afterwards, and a line in
the `KINDS` of its file. `strength` is the share of documents (spans, labels, bytes) at fault, 0 to 1. Rows are plain
dicts, because a `Document` refuses half of what is planted here. The same generator plants the same fault.
"""

from __future__ import annotations

from pipeline.faults import checkpoint, files, labels, splits, texts
from pipeline.faults._fault import Fault, Row, World, table_of

__all__ = ["KINDS", "Fault", "Row", "World", "table_of"]

KINDS: tuple[Fault, ...] = (
    *files.KINDS,
    *texts.KINDS,
    *labels.KINDS,
    *splits.KINDS,
    *checkpoint.KINDS,
)
