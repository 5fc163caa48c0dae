"""The same scores for a part of the mentions or the documents at a time: by length, source, group."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.task._scores import Draws, Rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEPT = 20  # values of a source or of a group with a row of their own, those that stand most often
REST = "(others)"
MENTION_LENGTHS = (1, 2, 3, 5, 10, 20)
DOCUMENT_LENGTHS = (10, 20, 40, 80, 160, 320, 640)

Cell = tuple[int, str, int]  # row of the document, name of the slice, column of the counts
Shown = Callable[[Sequence[str], "NDArray[np.float64]", "NDArray[np.float64]"], Rows]


def length_name(length: int, edges: Sequence[int]) -> str:
    """The bucket of a length; an edge is the last length of its bucket.

    >>> [length_name(n, (1, 2, 5)) for n in (1, 3, 5, 6)]
    ['1', '3 to 5', '3 to 5', '6 and more']
    """
    at = bisect_left(edges, length)
    first = edges[at - 1] + 1 if at else 1
    if at == len(edges):
        return f"{first} and more"
    return f"{first}" if first == edges[at] else f"{first} to {edges[at]}"


def length_names(edges: Sequence[int]) -> list[str]:
    """The buckets in order."""
    return [length_name(n, edges) for n in (*edges, edges[-1] + 1)]


def file_of(source: str) -> str:
    """A document's place without its line.

    >>> file_of("news/test.txt:31"), file_of("table")
    ('news/test.txt', 'table')
    """
    before, _, line = source.rpartition(":")
    return before if before and line.isdigit() else source


def sliced(
    cells: Iterable[Cell],
    draws: Draws,
    columns: int,
    order: Sequence[str],
    shown: Shown,
    amounts: NDArray[np.float64] | None = None,
) -> Rows:
    """One row a slice, in `order`; without one by support (the last column), the KEPT largest and the rest as one.

    A cell counts 1, or what `amounts` (documents, columns) has for it. `shown` makes the rows of names, counts (names,
    columns) and drawn counts (RESAMPLES, names, columns).
    """
    import numpy as np

    found = list(cells)
    if not found:
        return []
    names = [n for n in order if n in {name for _, name, _ in found}] if order else _largest(found, columns - 1)
    at = {name: i for i, name in enumerate(names)}
    rest = at.get(REST, 0)
    counts = np.zeros((draws.documents, len(names), columns))
    where = np.array([(document, at.get(name, rest), column) for document, name, column in found], np.int64).T
    np.add.at(counts, tuple(where), 1 if amounts is None else amounts[where[0], where[2]])
    return shown(names, counts.sum(0), draws.sums(counts))


def by_group(
    cells: Iterable[tuple[int, Mapping[str, str], int]],
    draws: Draws,
    columns: int,
    shown: Shown,
    amounts: NDArray[np.float64] | None = None,
) -> Rows:
    """A row for each value of each group key; the key stands in the column `group`."""
    keyed = [(document, groups, column) for document, groups, column in cells if groups]
    rows: Rows = []
    for key in sorted({key for _, groups, _ in keyed for key in groups}):
        own = _of_key(key, keyed)
        rows += [{"group": key, **row} for row in sliced(own, draws, columns, (), shown, amounts)]
    return rows


def _of_key(key: str, keyed: Sequence[tuple[int, Mapping[str, str], int]]) -> Iterator[Cell]:
    return ((document, groups[key], column) for document, groups, column in keyed if key in groups)


def _largest(cells: Sequence[Cell], support: int) -> list[str]:
    total = Counter(name for _, name, column in cells if column == support)
    known = {name for _, name, _ in cells}
    names = sorted(known, key=lambda name: (-total[name], name))
    return names if len(names) <= KEPT else [*names[:KEPT], REST]
