"""What the training mentions alone can do: seen and unseen mentions, and the longest-match baseline."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from pipeline.task._bio import Labelled
from pipeline.task._learnable import visible_tokens
from pipeline.types import Range

_SPACED_SCRIPTS_END = 0x2E80  # from here on CJK: scripts that put no spaces between words


@dataclass(frozen=True, slots=True)
class Row:
    """What scoring needs of one document."""

    text: str
    group: str
    spans: tuple[Labelled, ...]
    tokens: tuple[Range, ...] | None
    id: str = ""
    source: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)
    span_groups: Mapping[Labelled, Mapping[str, str]] = field(default_factory=dict)


def rows_of(table: pa.Table) -> list[Row]:
    """The rows of a table of the schema DOCUMENTS; a document without a group is a group of its own."""
    columns = table.select(["id", "text", "group_id", "spans", "tokens", "source", "groups"]).to_pylist()
    return [
        Row(
            r["text"],
            r["group_id"] or r["id"],
            tuple(sorted((s["start"], s["end"], s["label"]) for s in r["spans"] or ())),
            None if r["tokens"] is None else tuple((t["start"], t["end"]) for t in r["tokens"]),
            r["id"],
            r["source"],
            dict(r["groups"]),
            {(s["start"], s["end"], s["label"]): dict(s["groups"]) for s in r["spans"] or () if s["groups"]},
        )
        for r in columns
    ]


def units_of(row: Row) -> Sequence[Range]:
    """The units of the token report: the source's tokens, or every character that is not white space."""
    if row.tokens is not None:
        return row.tokens
    return [(i, i + 1) for i, c in enumerate(row.text) if not c.isspace()]


def majority_labels(rows: Iterable[Row]) -> dict[str, str]:
    """Mention text → its commonest label; a tie goes to the label that sorts first.

    >>> majority_labels([Row("Bo met Bo", "g", ((0, 2, "PER"), (7, 9, "LOC")), None)])
    {'Bo': 'LOC'}
    """
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        for start, end, label in row.spans:
            seen[row.text[start:end]][label] += 1
    return {text: min(labels, key=lambda name: (-labels[name], name)) for text, labels in seen.items()}


def longest_matches(row: Row, known: Mapping[str, str], lengths: Mapping[str, Sequence[int]]) -> list[Labelled]:
    """Known mentions in a text, from left to right, the longest first; `lengths` comes from `lengths_of(known)`.

    A match begins and ends at the edge of a source token that the text shows; without these it does not cut a word of a
    script that puts spaces between words.
    """
    text, found, at = row.text, [], 0
    tokens = visible_tokens(text, row.tokens)
    starts = {a for a, _ in tokens} if tokens is not None else None
    ends = {b for _, b in tokens} if tokens is not None else None
    while at < len(text):
        step = 1
        if at in starts if starts is not None else _edge(text, at):
            for length in lengths.get(text[at], ()):
                end = at + length
                label = known.get(text[at:end]) if end <= len(text) else None
                if label and (end in ends if ends is not None else _edge(text, end)):
                    found.append((at, end, label))
                    step = length
                    break
        at += step
    return found


def lengths_of(known: Iterable[str]) -> dict[str, list[int]]:
    """First character → lengths of the mentions that begin with it, longest first.

    >>> lengths_of(["Bo", "Bern", "Oslo"])
    {'B': [4, 2], 'O': [4]}
    """
    lengths: dict[str, set[int]] = defaultdict(set)
    for text in known:
        lengths[text[0]].add(len(text))
    return {first: sorted(found, reverse=True) for first, found in lengths.items()}


def _edge(text: str, at: int) -> bool:
    return not (0 < at < len(text) and _in_word(text[at - 1]) and _in_word(text[at]))


def _in_word(char: str) -> bool:
    return char.isalnum() and ord(char) < _SPACED_SCRIPTS_END
