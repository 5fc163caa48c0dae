"""The best answer of a document, from what its windows say of where one begins and ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.types import Range

NOWHERE = -1


def best_answer(
    windows: Sequence[tuple[int, NDArray[np.float32], NDArray[np.float32]]], units: Sequence[Range]
) -> NDArray[np.float32]:
    """Shape (2, 3): log probability, first and last unit, of "no answer" and of the best answer.

    Each window is (its first unit, scores of its units, score of its first token), the scores of shape (2, units) and
    (2,): log probabilities of being the start and the end among all tokens of the window. The first token stands for
    "no answer here" (Devlin et al. 2019, section 4.3). An answer is a start and an end that is not before it, in one
    window, of any length; its score is the sum of the two. There is no answer in a document only as far as there is
    none in any window: that score is the smallest.
    """
    none = min((float(null.sum()) for _, _, null in windows), default=0.0)
    best, where = -np.inf, (NOWHERE, NOWHERE)
    for first, scores, _ in windows:
        count = scores.shape[1]
        seen = np.array([b > a for a, b in units[first : first + count]], bool)
        if not seen.any():
            continue
        starts, ends = np.where(seen, scores, -np.inf)
        ending = np.maximum.accumulate(ends[::-1])[::-1]  # the best end that is not before each start
        start = int((starts + ending).argmax())
        end = start + int(ends[start:].argmax())
        if starts[start] + ends[end] > best:
            best, where = float(starts[start] + ends[end]), (first + start, first + end)
    return np.array([[none, NOWHERE, NOWHERE], [best, *where]], np.float32)


def window_targets(first: int, end: int, answer: Sequence[int], lead: int, whole: bool, ignored: int) -> list[int]:
    """Start and end token of the answer in the window of units [first, end), which `lead` tokens stand before.

    0, the first token, where nothing of the answer is in the window, or a part of one that stands whole in another
    (`whole`); `ignored` where the window has a part of an answer that is whole in none.
    """
    if not answer or answer[1] < first or answer[0] >= end:
        return [0, 0]
    if first <= answer[0] and answer[1] < end:
        return [lead + answer[0] - first, lead + answer[1] - first]
    return [0, 0] if whole else [ignored, ignored]
