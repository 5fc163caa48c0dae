"""Shares that are to be alike in several groups: their differences, intervals and the verdict on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import polars as pl
from pydantic import Field

from pipeline.fairness._differences import DifferenceGate, gaps_shown
from pipeline.fairness._groups import UNKNOWN
from pipeline.fairness._metric_frame import Cell, gaps
from pipeline.fairness._training import MIN_ROOTS
from pipeline.types import Json, Verdict


class ShareGate(DifferenceGate):
    """A difference between groups in the shares of some labels; intervals are those of `_metric_frame.gaps`."""

    remedy: ClassVar[str] = "add text of the group that has less, or say in the recipe why the difference is right"
    more: ClassVar[str] = "text"

    by: str = Field("domain", min_length=1)
    at_most: float = Field(0.1, ge=0, lt=1)
    tolerance: float = Field(0.2, ge=0, lt=1)
    min_support: int = Field(100, ge=2)

    def compared(self, gold: pl.DataFrame, groups: str, labels: str, evidence: dict[str, Json]) -> Verdict:
        """The verdict on rows of `label`, `group`, `hit` (0 or 1) and `unit`, with a row for every label in question.

        `groups` and `labels` are what messages call the two. `unknown` is no group; a group with fewer than
        `min_support` rows or ten root documents is left out by name.
        """
        gold = gold.filter(pl.col("group") != UNKNOWN)
        found, small = self._cells(gold)
        evidence |= {"cells": [{"group": c.group, "label": c.label, "share": c.recall, "of": c.count} for c in found]}
        evidence |= {"left_out": dict(small)}
        left = f"; left out, too few: {_counted(small)}" if small else ""
        names = {c.group for c in found}
        if len(names) < 2 or len({c.label for c in found}) < 2:
            message = f"{groups} with {self.min_support} examples of {MIN_ROOTS} root documents: "
            message += f"{', '.join(sorted(names)) or 'none'}, {labels}: {len({c.label for c in found})}; "
            return self.verdict("not_judged", None, self.limit, f"{message}two of each are needed{left}", evidence)
        pairs = gaps(gold, found, self.min_support)
        evidence["gaps"] = gaps_shown(pairs)
        return self.concluded(pairs, left, evidence)

    def _cells(self, gold: pl.DataFrame) -> tuple[list[Cell], dict[str, int]]:
        """The share of every label in every group that has enough, and the sizes of the groups that have not."""
        table = gold.group_by("label", "group").agg(
            share=pl.col("hit").mean(), n=pl.len(), units=pl.col("unit").n_unique()
        )
        found, small = [], {}
        for label, group, share, n, units in table.sort("label", "group").rows():
            if n < self.min_support or units < MIN_ROOTS:
                small[group] = n
            else:
                found.append(Cell(label, group, share, n))
        return [c for c in found if c.group not in small], small


def with_every_label(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of `label`, `group` and `unit` once for each label there is: `hit` says whether it is the row's own.

    >>> rows = pl.DataFrame({"label": ["a", "b"], "group": ["x", "y"], "unit": ["1", "2"]})
    >>> with_every_label(rows).rows()
    [('x', '1', 'a', 1), ('y', '2', 'a', 0), ('x', '1', 'b', 0), ('y', '2', 'b', 1)]
    """
    every = rows.select(pl.col("label").unique().sort())
    crossed = every.join(rows.rename({"label": "own"}), how="cross", maintain_order="left_right")
    return crossed.select("group", "unit", "label", hit=(pl.col("label") == pl.col("own")).cast(pl.Int64))


def _counted(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{group} ({n})" for group, n in sizes.items())
