"""Records with named columns as Documents: what jsonl, csv, parquet, sql and data sets have in common."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from pipeline.errors import did_you_mean
from pipeline.source import Source, _making
from pipeline.source._splits import NAMES, split_of
from pipeline.types import Document, Rejected, Span, Split

_COLUMNS = ("text", "id", "label", "spans", "group_id", "language", "split", "licence")
_SPAN = '{"start": 0, "end": 5, "label": "PER"}'


class RecordSource(Source):
    """Which columns hold what. A column that is set here must be there; the others are read where there are any.

    Spans are a list of `{start, end, label}`, in a CSV cell as JSON; a `text` in a span must be what the span covers.
    Columns in `groups` become groups of the document; every other column is left out.
    """

    text: str = "text"
    id: str = "id"
    label: str = "label"
    spans: str = "spans"
    group_id: str = "group_id"
    language: str = "language"
    split: str = "split"
    licence: str = "licence"
    groups: tuple[str, ...] = ()

    def columns(self) -> list[str]:
        """The columns that are read where there are any."""
        return list(dict.fromkeys([*(getattr(self, field) for field in _COLUMNS), *self.groups]))

    def missing(self, present: Collection[str]) -> str:
        """What is wrong with the columns there are; empty where nothing is."""
        needed = {"text": self.text} | {f: getattr(self, f) for f in _COLUMNS if f in self.model_fields_set}
        for field, column in [*needed.items(), *(("groups", g) for g in self.groups)]:
            if column not in present:
                there = ", ".join(map(repr, present)) or "none"
                known = f"; {did_you_mean(column, present)}" if present else ""
                return f"there is no column {column!r} for `{field}`; there are {there}{known}"
        return ""

    def record(self, place: str, row: Mapping[str, Any], split: Split | None = None) -> Document | Rejected:
        """One record; `split` is that of its file, for records that name none."""
        text = row.get(self.text)
        shown = text if isinstance(text, str) else json.dumps(row, ensure_ascii=False, default=str)
        try:
            if fault := self.missing(row.keys()):
                raise _RecordError(fault)
            if not isinstance(text, str):
                raise _RecordError(f"{self.text!r} is {_shown(text)}; write a string")
            return _making.document(
                self.name,
                place,
                text=text,
                id=self._word(row, self.id) or "",
                group_id=self._word(row, self.group_id) or "",
                language=self._word(row, self.language),
                label=self._word(row, self.label),
                spans=_spans(row.get(self.spans), text),
                split=_split(self._word(row, self.split)) or split,
                licence=self._word(row, self.licence),
                groups={g: word for g in self.groups if (word := self._word(row, g)) is not None},
            )
        except _RecordError as error:
            return _making.reject(self.name, place, shown, str(error))

    def _word(self, row: Mapping[str, Any], column: str) -> str | None:
        value = row.get(column)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise _RecordError(f"{column!r} is {_shown(value)}; write a string or a whole number")
        return str(value)


class _RecordError(ValueError):
    """What is wrong with one record, and what would be right."""


def _split(word: str | None) -> Split | None:
    if word is None:
        return None
    found = split_of(word)
    if found is None:
        raise _RecordError(f"there is no split {word!r}; {did_you_mean(word, NAMES)}")
    return found


def _spans(value: Any, text: str) -> tuple[Span, ...] | None:
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.strip() else None
        except ValueError as error:
            raise _RecordError(f"spans {value!r} are not JSON: {error}; write [{_SPAN}]") from error
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise _RecordError(f"spans are {_shown(value)}; write [{_SPAN}]")
    return tuple(_span(item, text) for item in value)


def _span(item: Any, text: str) -> Span:
    if not isinstance(item, Mapping):
        raise _RecordError(f"a span is {_shown(item)}; write {_SPAN}")
    start, end, label = (item.get(key) for key in ("start", "end", "label"))
    for key, value in (("start", start), ("end", end)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise _RecordError(f"{key!r} of a span is {_shown(value)}; write {_SPAN}")
    if not isinstance(label, str) or not label:
        raise _RecordError(f"'label' of a span is {_shown(label)}; write {_SPAN}")
    span = Span(int(start), int(end), label)  # type: ignore[arg-type]
    surface = item.get("text")
    if isinstance(surface, str) and 0 <= span.start < span.end <= len(text) and text[span.start : span.end] != surface:
        raise _RecordError(
            f"the span {span} covers {text[span.start : span.end]!r}, not {surface!r}; "
            "offsets count Unicode code points, [start, end)"
        )
    return span


def _shown(value: Any) -> str:
    return "missing or null" if value is None else f"{json.dumps(value, ensure_ascii=False, default=str)[:80]}"
