"""What gates on a checkpoint share that compare groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import polars as pl

from pipeline.fairness._differences import DifferenceGate, gaps_shown
from pipeline.fairness._groups import UNKNOWN
from pipeline.fairness._metric_frame import Cell, cells, gaps, wilson
from pipeline.fairness._training import MIN_ROOTS
from pipeline.frames import Frame
from pipeline.types import Json, Verdict


class GapGate(DifferenceGate):
    """A difference in what a checkpoint does, label by label, on its test documents.

    Failed too where a `required` group has under `min_support` examples; not judged without predictions, with one known
    group, or where a group has under `min_support` examples.
    """

    stages: ClassVar[tuple[str, ...]] = ("checkpoint",)
    remedy: ClassVar[str] = "augment with swapped names or add text of the group that is found less often"

    @property
    def measured(self) -> str:
        """What is compared, as verdicts call it."""
        return "recall"

    def open(self, message: str, evidence: Mapping[str, Json] | None = None) -> Verdict:
        """Not judged, and why."""
        return self.verdict("not_judged", None, self.limit, message, evidence or {})

    def missing(self, frame: Frame, *columns: str) -> Verdict | None:
        """Not judged, where the predictions have none of these columns."""
        there = [] if frame.predictions is None else frame.predictions.column_names
        if set(columns) & set(there):
            return None
        said = f"neither a column {' nor '.join(columns)}" if len(columns) > 1 else f"no column {columns[0]}"
        return self.open(f"the predictions have {said}: nothing to compare")

    def compared(self, gold: pl.DataFrame, rows_each: int = 1, said: Mapping[str, Json] | None = None) -> Verdict:
        """The verdict on rows of `label`, `group`, `hit` (0 or 1) and `unit`; an example has `rows_each` of them.

        `said` is evidence to show beside the cells and the gaps.
        """
        return self.decided(gold, cells(gold), rows_each, said)

    def decided(
        self, gold: pl.DataFrame, found: Sequence[Cell], rows_each: int = 1, said: Mapping[str, Json] | None = None
    ) -> Verdict:
        """The same, where the cells were counted already."""
        counts = gold.filter(pl.col("group") != UNKNOWN).group_by("group").len().sort("group").rows()
        size = {group: n // rows_each for group, n in counts}
        evidence: dict[str, Json] = {**(said or {}), "cells": self.shown(found)}
        refused = self.refused(size, evidence) if gold.height else None
        if refused is not None:
            return refused
        problem = self._too_little(gold, size)
        if problem:
            return self.open(problem, evidence)
        pairs = gaps(gold, found, self.min_support)
        evidence["gaps"] = gaps_shown(pairs)
        left = sorted(set(size) - {g for c in pairs for g in (c.first, c.second)})
        if left:
            message = f"{', '.join(left)} shares no label with {self.min_support} examples with another {self.by}"
            return self.open(f"{message}: add test text, or lower min_support", evidence)
        thin = [
            f"{c.label} of {c.group} ({c.count})" for c in found if c.group != UNKNOWN and c.count < self.min_support
        ]
        return self.concluded(pairs, f"; not compared, too few: {', '.join(thin)}" if thin else "", evidence)

    def shown(self, found: Sequence[Cell]) -> list[Json]:
        """Cells as evidence: the share with Wilson's 95 % interval of it alone, and of how many."""
        rows: list[Json] = []
        for c in found:
            low, high = wilson(c, 0.05)
            row: dict[str, Json] = {"label": c.label, "group": c.group, self.measured: c.recall, "low": low}
            rows.append({**row, "high": high, "examples": c.count})
        return rows

    def refused(self, size: Mapping[str, int], evidence: Mapping[str, Json]) -> Verdict | None:
        """Failed, where a required group has too few examples."""
        short = [g for g in self.required if size.get(g, 0) < self.min_support]
        if not short:
            return None
        counted = ", ".join(f"{g} has {size.get(g, 0)}" for g in short)
        message = f"of the required {self.by}, {counted} test examples; {self.min_support} are needed: add test text"
        return self.verdict("failed", None, self.limit, message, evidence)

    def _too_little(self, gold: pl.DataFrame, size: Mapping[str, int]) -> str:
        """Why no gap can be measured, or nothing."""
        if len(size) < 2:
            return f"test examples with a known {self.by}: {dict(size) or 'none'}; a gap needs two groups"
        small = {g: n for g, n in size.items() if n < self.min_support}
        if small:
            return f"too few test examples, {self.min_support} are needed: {small}; add test text of these groups"
        roots = dict(gold.group_by("group").agg(pl.col("unit").n_unique()).rows())
        few = {g: roots[g] for g in size if roots[g] < MIN_ROOTS}
        return f"too few root documents, {MIN_ROOTS} are needed: {few}; add test text of these groups" if few else ""
