"""What changed between two texts, as edits that can be undone."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from pipeline.errors import WrongUse

SHORT = 256  # characters on both sides up to which every character is compared with every other
_MOST_DEPTH = 8
_WORD = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Change:
    """`[start, end)` of the text before was `old` and became `new`.

    `old` is None where it is not to be shown; `kinds` says what was masked there.
    """

    start: int
    end: int
    old: str | None
    new: str
    kinds: tuple[str, ...] = ()


def changes(before: str, after: str, marks: Mapping[str, str] | None = None) -> list[Change]:
    """The edits that make `after` of `before`, in order and disjoint.

    Time grows with the length: what both begin and end with is put aside, long texts are aligned at words that stand
    once in each (patience), and only pieces of at most SHORT characters are compared letter by letter. With `marks`
    (kind → what stands in a masked value's place) the old text is left out and the kinds are said.

    >>> changes("Ａnna  met", "Anna met")
    [Change(start=0, end=1, old='Ａ', new='A', kinds=()), Change(start=4, end=5, old=' ', new='', kinds=())]
    """
    found = [
        Change(a, b, before[a:b], after[c:d]) for a, b, c, d in _blocks(before, after, tuple((marks or {}).values()))
    ]
    if not marks:
        return found
    return [replace(c, old=None, kinds=tuple(k for k, mark in marks.items() if mark in c.new)) for c in found]


def undo(after: str, edits: Sequence[Change]) -> str:
    """The text before. Raises WrongUse where an edit does not say what was there: the raw version does.

    >>> undo("Anna met", changes("Ａnna  met", "Anna met"))
    'Ａnna  met'
    """
    pieces, at, shift = [], 0, 0
    for edit in edits:
        if edit.old is None:
            raise WrongUse(f"[{edit.start}, {edit.end}) was masked; the raw version holds what stood there")
        start = edit.start + shift
        pieces += [after[at:start], edit.old]
        at = start + len(edit.new)
        shift += len(edit.new) - len(edit.old)
    return "".join([*pieces, after[at:]])


def hidden(edits: Sequence[Change], later: Sequence[Change]) -> list[Change]:
    """The edits of one step, without the text of those that touch what a later step masked.

    `later` are the masking edits in places of the text that these edits made; only a value's kind is to be seen.
    """
    found, shift = [], 0
    for edit in edits:
        start = edit.start + shift
        end = start + len(edit.new)
        shift = end - edit.end
        kinds = tuple(dict.fromkeys(k for m in later if start <= m.end and m.start <= end for k in m.kinds))
        found.append(Change(edit.start, edit.end, None, "", kinds) if kinds else edit)
    return found


def earlier(later: Sequence[Change], edits: Sequence[Change]) -> list[Change]:
    """Masking edits in places of the text before `edits`; an edit that reaches into one widens it."""
    found = []
    for mask in later:
        start, end, shift = mask.start, mask.end, 0
        at = [mask.start, mask.end]
        for edit in edits:
            left = edit.start + shift
            right = left + len(edit.new)
            if right <= start:
                at[0] += edit.end - edit.start - len(edit.new)
            if right <= end:
                at[1] += edit.end - edit.start - len(edit.new)
            shift = right - edit.end
        inside = [e for e in edits if e.start <= at[1] and at[0] <= e.end]
        low, high = min([at[0], *(e.start for e in inside)]), max([at[1], *(e.end for e in inside)])
        found.append(replace(mask, start=low, end=high))
    return found


Block = tuple[int, int, int, int]


def _blocks(a: str, b: str, marks: tuple[str, ...]) -> list[Block]:
    words = re.compile("|".join([*map(re.escape, marks), _WORD.pattern])) if marks else _WORD
    todo, done = [((0, len(a), 0, len(b)), 0)], list[Block]()
    while todo:
        block, depth = todo.pop()
        i, j, k, m = _trimmed(a, b, block, marks)
        if i == j and k == m:
            continue
        if i == j or k == m:
            done.append((i, j, k, m))
        elif max(j - i, m - k) <= SHORT:
            done += _compared(a, b, (i, j, k, m), words if marks else None)
        else:
            gaps = list(_gaps(a, b, (i, j, k, m), words)) if depth < _MOST_DEPTH else []
            if len(gaps) > 1:
                todo += [(gap, depth + 1) for gap in gaps]
            else:
                done.append((i, j, k, m))
    return sorted(done)


def _trimmed(a: str, b: str, block: Block, marks: tuple[str, ...]) -> Block:
    """The block without what both sides begin and end with; with marks as it is, for a mark is one letter."""
    i, j, k, m = block
    if marks:
        return block if a[i:j] != b[k:m] else (j, j, m, m)
    n = _common(a[i:j], b[k:m])
    i, k = i + n, k + n
    n = _common(a[i:j][::-1], b[k:m][::-1])
    return i, j - n, k, m - n


def _common(a: str, b: str) -> int:
    """How many characters two texts begin with together."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _compared(a: str, b: str, block: Block, words: re.Pattern[str] | None) -> Iterator[Block]:
    i, j, k, m = block
    left, right = (words.findall(t) if words else list(t) for t in (a[i:j], b[k:m]))
    at_left, at_right = _starts(left, i), _starts(right, k)
    for tag, p, q, r, s in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag != "equal":
            yield at_left[p], at_left[q], at_right[r], at_right[s]


def _starts(pieces: Sequence[str], at: int) -> list[int]:
    starts = [at]
    for piece in pieces:
        starts.append(starts[-1] + len(piece))
    return starts


def _gaps(a: str, b: str, block: Block, words: re.Pattern[str]) -> Iterator[Block]:
    """The pieces between the words that stand once on each side, in the longest order that both have them in."""
    i, j, k, m = block
    left, right = words.findall(a[i:j]), words.findall(b[k:m])
    at_left, at_right = _starts(left, i), _starts(right, k)
    once = [{w for w, n in Counter(side).items() if n == 1} for side in (left, right)]
    where = {w: n for n, w in enumerate(right) if w in once[1]}
    pairs = [(n, where[w]) for n, w in enumerate(left) if w in once[0] and w in where]
    for p, q in _rising(pairs):
        yield i, at_left[p], k, at_right[q]
        i, k = at_left[p + 1], at_right[q + 1]
    yield i, j, k, m


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs whose second numbers rise (patience sorting, n log n)."""
    tops: list[int] = []
    ends: list[int] = []
    previous: list[int] = []
    for n, (_, q) in enumerate(pairs):
        pile = bisect_left(tops, q)
        previous.append(ends[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(q)
            ends.append(n)
        else:
            tops[pile], ends[pile] = q, n
    found, at = [], ends[-1] if ends else -1
    while at >= 0:
        found.append(pairs[at])
        at = previous[at]
    return found[::-1]
