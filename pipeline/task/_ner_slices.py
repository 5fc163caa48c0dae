"""Exact mentions by their length, and by length, source and groups of their documents."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pipeline.task._bio import Labelled
from pipeline.task._mentions import Row, units_of
from pipeline.task._scores import Draws, Rows, label_rows, share_rows
from pipeline.task._slices import (
    DOCUMENT_LENGTHS,
    MENTION_LENGTHS,
    by_group,
    file_of,
    length_name,
    length_names,
    sliced,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Mention:
    """A mention that counts once: `column` 0 is right, 1 predicted, 2 gold. A right one stands in all three."""

    document: int
    column: int
    span: Labelled
    text: str


def mentions_of(rows: Sequence[Row], predicted: Sequence[Sequence[Labelled]]) -> Iterator[Mention]:
    """Every mention of every document, once for each column that it counts in."""
    for i, (row, found) in enumerate(zip(rows, predicted, strict=True)):
        gold, guess = set(row.spans), set(found)
        for column, spans in enumerate((gold & guess, guess, gold)):
            for span in sorted(spans):
                yield Mention(i, column, span, row.text[span[0] : span[1]])


def slice_tables(rows: Sequence[Row], mentions: Sequence[Mention], draws: Draws) -> dict[str, Rows]:
    """Tables of P, R and F1 with intervals; a table without rows is left out.

    Lengths are in tokens of the source, in characters without white space where there are none. A predicted mention has
    the groups of its document but none of its own, so mentions by their own groups have recall only.
    """
    lengths = [len(units_of(row)) for row in rows]
    of_documents = [length_name(n, DOCUMENT_LENGTHS) for n in lengths]
    files = [file_of(row.source) for row in rows]
    units = [_Units(row) for row in rows]

    def show(column: str, names: Sequence[str], total: NDArray[np.float64], drawn: NDArray[np.float64]) -> Rows:
        return label_rows(names, total, drawn, column)

    def show_recall(names: Sequence[str], total: NDArray[np.float64], drawn: NDArray[np.float64]) -> Rows:
        return share_rows(names, total, drawn, "value", "recall")

    by_length = [
        (m.document, length_name(units[m.document].inside(m.span), MENTION_LENGTHS), m.column) for m in mentions
    ]
    own = ((m.document, rows[m.document].span_groups.get(m.span, {}), m.column // 2) for m in mentions if m.column != 1)
    tables = {
        "Mentions by length": sliced(by_length, draws, 3, length_names(MENTION_LENGTHS), partial(show, "length")),
        "Mentions by length of the document": sliced(
            ((m.document, of_documents[m.document], m.column) for m in mentions),
            draws,
            3,
            length_names(DOCUMENT_LENGTHS),
            partial(show, "length"),
        ),
        "Mentions by source": sliced(
            ((m.document, files[m.document], m.column) for m in mentions if files[m.document]),
            draws,
            3,
            (),
            partial(show, "source"),
        ),
        "Mentions by group of the document": by_group(
            ((m.document, rows[m.document].groups, m.column) for m in mentions), draws, 3, partial(show, "value")
        ),
        "Mentions by their own group": by_group(own, draws, 2, show_recall),
    }
    return {title: found for title, found in tables.items() if found}


class _Units:
    """How many units of a document's report a span shares a character with."""

    def __init__(self, row: Row) -> None:
        self.text, self.tokens = row.text, row.tokens
        self.starts = [a for a, _ in row.tokens or ()]
        self.ends = [b for _, b in row.tokens or ()]

    def inside(self, span: Labelled) -> int:
        """At least 1."""
        start, end, _ = span
        if self.tokens is None:
            return max(1, sum(not c.isspace() for c in self.text[start:end]))
        return max(1, bisect_left(self.starts, end) - bisect_right(self.ends, start))
