"""Paired gaps: the same sentences once for each group, and what differs is the group alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import sqrt
from typing import TYPE_CHECKING

import polars as pl

from pipeline.fairness._metric_frame import Cell, Gap, drawn_means, percentiles, wilson

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Rows = pl.DataFrame
"""One row a thing that is compared and a group: `label`, `unit` (root document), `of` (document), `thing` (what is the
same in every group), `item` (the thing and all else that is held equal), `group`, `hit` (0 or 1)."""


def table(rows: Rows) -> tuple[pl.DataFrame, list[str]]:
    """(one row an item, one column a group; the groups). Items that lack a group are left out."""
    groups = sorted(set(rows["group"]))
    wide = rows.pivot("group", index=["label", "unit", "of", "thing", "item"], values="hit", aggregate_function="first")
    return wide.drop_nulls().sort("label", "item"), groups


def paired_gaps(wide: pl.DataFrame, groups: Sequence[str]) -> tuple[list[Cell], list[Gap]]:
    """The share of hits of every group, and the gap of every pair within every label.

    The interval is the wider one, at each end, of two: percentiles of a bootstrap over root documents of the paired
    difference, and Newcombe's for paired shares (1998, Statistics in Medicine 17:2635, method 10), which does not
    shrink to nothing where no pair differs; it counts things, not items: the same sentence with eight names is one.
    With m pairs each is at 1 - 0.05 / m (Bonferroni). Fixed seed: the same predictions give the same interval.
    """
    found: list[Cell] = []
    made: list[Gap] = []
    labels = sorted(set(wide["label"]))
    pairs = len(labels) * len(groups) * (len(groups) - 1) // 2
    for label in labels:
        here = wide.filter(pl.col("label") == label)
        hits = here.select(groups).to_numpy().astype(float)
        things = here["thing"].n_unique()
        found += [Cell(label, g, float(hits[:, n].mean()), things) for n, g in enumerate(groups)]
        units = here["unit"].rank("dense").to_numpy().astype(int) - 1
        differences = {(a, b): hits[:, a] - hits[:, b] for a, b in combinations(range(len(groups)), 2)}
        for (a, b), drawn in zip(differences, drawn_means(units, list(differences.values())), strict=True):
            level = 0.05 / pairs
            low, high = _newcombe(hits[:, a], hits[:, b], things, level)
            drawn_low, drawn_high = percentiles(drawn, level)
            gap = float(differences[a, b].mean())
            made.append(Gap(label, groups[a], groups[b], gap, min(low, drawn_low), max(high, drawn_high)))
    return found, made


def _newcombe(a: NDArray[np.float64], b: NDArray[np.float64], n: int, level: float) -> tuple[float, float]:
    """Newcombe's interval of mean(a) - mean(b) as if of `n` pairs."""
    both, first, second = float((a * b).mean()) * n, float((a * (1 - b)).mean()) * n, float(((1 - a) * b).mean()) * n
    neither = n - both - first - second
    one, other = (Cell("", "", float(x.mean()), n) for x in (a, b))
    (low_a, high_a), (low_b, high_b) = wilson(one, level), wilson(other, level)
    gap = one.recall - other.recall
    phi = _phi(both, first, second, neither)
    below = _reach(one.recall - low_a, high_b - other.recall, phi)
    above = _reach(high_a - one.recall, other.recall - low_b, phi)
    return gap - below, gap + above


def _reach(one: float, other: float, phi: float) -> float:
    return sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))


def _phi(both: float, first: float, second: float, neither: float) -> float:
    """The correlation of the two, corrected for continuity; 0 where one of them never varies."""
    sides = (both + first) * (second + neither) * (both + second) * (first + neither)
    if sides <= 0:
        return 0.0
    product = both * neither - first * second
    n = both + first + second + neither
    return (max(product - n / 2, 0.0) if product > 0 else product) / sqrt(sides)
