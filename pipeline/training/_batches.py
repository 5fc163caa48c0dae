"""Batches of about equal token count, from windows of like length: almost no padding, equal work a step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def batches(lengths: Sequence[int] | NDArray[np.int64], budget: int, seed: int | None = None) -> list[list[int]]:
    """Indices in batches whose size times longest length is at most `budget` tokens; every index exactly once.

    With a seed, windows of equal length are shuffled and so are the batches: another order for every seed. Lengths are
    jittered by up to 5 %, so that a batch is not made of one length alone; without a seed the longest come first. A
    single window longer than the budget is a batch of its own.

    >>> batches([3, 9, 3, 3], budget=9)
    [[1], [0, 2, 3]]
    """
    sizes = np.asarray(lengths, np.int64)
    if seed is None:
        order = np.argsort(-sizes, kind="stable")
    else:
        rng = np.random.default_rng(seed)
        order = np.lexsort((rng.random(len(sizes)), -sizes * rng.uniform(0.95, 1.05, len(sizes))))
    made: list[list[int]] = []
    current: list[int] = []
    longest = 0
    for index in order.tolist():
        longest_then = max(longest, int(sizes[index]))
        if current and longest_then * (len(current) + 1) > budget:
            made.append(current)
            current, longest_then = [], int(sizes[index])
        current.append(index)
        longest = longest_then
    if current:
        made.append(current)
    return made if seed is None else [made[i] for i in rng.permutation(len(made))]
