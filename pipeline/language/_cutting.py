"""How a long text is cut into pieces, given where its sentences and clauses end."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from pipeline.types import Range


def cut(text: str, limit: int, ends: Sequence[re.Pattern[str]], whole: Sequence[Range] = ()) -> list[Range]:
    """Ranges that cover `text` without a gap, each of at most `limit` characters.

    `ends` are patterns whose matches end a piece, the best kind of end first; where none fits, the cut is hard.
    Nothing is cut inside a range of `whole`; a single such range longer than `limit` makes a longer piece.

    Raises:
        ValueError: `limit` is below 1.
    """
    if limit < 1:
        raise ValueError(f"limit is {limit}; a piece has at least 1 character")
    inside = bytearray(len(text) + 1)  # 1 where a cut would go through a range of `whole`
    for start, end in whole:
        inside[start + 1 : end] = b"\1" * max(0, end - start - 1)
    places = (
        [[m.end() for m in pattern.finditer(text) if not inside[m.end()]] for pattern in ends]
        if len(text) > limit
        else []
    )
    pieces: list[Range] = []
    at = 0
    while len(text) - at > limit:
        end = _end(at, at + limit, places, inside)
        pieces.append((at, end))
        at = end
    return [*pieces, (at, len(text))] if at < len(text) else pieces


def _end(start: int, most: int, places: Sequence[Sequence[int]], inside: bytearray) -> int:
    for found in places:
        n = bisect_right(found, most)
        if n and found[n - 1] > start:
            return found[n - 1]
    for end in range(most, start, -1):
        if not inside[end]:
            return end
    return next(end for end in range(most + 1, len(inside)) if not inside[end])
