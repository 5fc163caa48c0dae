"""Markdown made from text of strangers: it stays text."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any


def table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Rows as a Markdown table; text is escaped, floats have four digits.

    >>> table([{"label": "PER", "f1": 0.5}])
    ['| label | f1 |', '| --- | --- |', '| PER | 0.5000 |']
    """
    if not rows:
        return ["(empty)"]
    names = list(rows[0])
    lines = [_line([cell(name) for name in names]), _line(["---"] * len(names))]
    return lines + [_line([cell(row.get(name)) for name in names]) for row in rows]


def cell(value: object) -> str:
    """One value as text that neither ends a cell nor begins a tag."""
    if isinstance(value, float):
        return f"{value:.4f}"
    return html.escape("" if value is None else str(value)).replace("|", "\\|").replace("\n", " ")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def waivers(waived: Sequence[Any]) -> list[str]:
    """The gates that a person let the data through, as both cards show them; nothing where there are none."""
    if not waived:
        return []
    rows = [{"gate": w.gate, "who": w.who, "when": w.when, "why": w.why, "digest": w.digest[:12]} for w in waived]
    return ["## Waived gates", "", "These gates did not pass; a person let the data through.", "", *table(rows), ""]
