"""What an outside library did to a text, as edits."""

from __future__ import annotations

from pipeline.types import Edit


def difference(before: str, after: str, at: int = 0) -> list[Edit]:
    """One edit that makes `after` of `before`, without what they share at both ends; `at` is where `before` starts.

    >>> difference("aXXb", "aYb"), difference("same", "same")
    ([Edit(start=1, end=3, text='Y')], [])
    """
    if before == after:
        return []
    most = min(len(before), len(after))
    start = next((i for i in range(most) if before[i] != after[i]), most)
    most -= start
    end = next((i for i in range(most) if before[-1 - i] != after[-1 - i]), most)
    return [Edit(at + start, at + len(before) - end, after[start : len(after) - end])]
