"""Records with named columns as Documents: what jsonl, csv, parquet, sql and data sets have in common."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Self

from pydantic import model_validator

from pipeline.errors import did_you_mean
from pipeline.source import Source, _joining, _making
from pipeline.source._joining import RecordError, shown
from pipeline.source._splits import NAMES, split_of
from pipeline.types import Document, Rejected, Span, Split

_COLUMNS = ("text", "id", "label", "spans", "group_id", "language", "split", "licence")
_JOINED = ("second", "question", "answer", "answer_start")
LABELS_BETWEEN = "|"
_SPAN = '{"start": 0, "end": 5, "label": "PER"}'


class RecordSource(Source):
    """Which columns hold what. A column that is set here must be there; the others are read where there are any.

    Spans are a list of `{start, end, label}`, in a CSV cell as JSON; a `text` in a span must be what the span covers.
    A label is a string, or a list of strings, which is kept with `|` between them. Columns in `groups` become groups of
    the document; every other column is left out.

    `second` is for pairs: the column of a text that is joined to `text`, the two marked by spans `first` and `second`.
    `question` is for questions about `text`: its column is joined in front of it and marked by a span `question`;
    `answer` and `answer_start` (in code points of `text`; may be left out where the answer stands in it once) are
    marked by a span `answer`. An empty answer says that `text` holds none. `answer` may hold lists, as SQuAD has them:
    `{"text": […], "answer_start": […]}`; the first one counts.
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
    second: str | None = None
    question: str | None = None
    answer: str | None = None
    answer_start: str | None = None

    @model_validator(mode="after")
    def _one_way_to_join(self) -> Self:
        if self.second is not None and self.question is not None:
            raise ValueError("`second` is for pairs and `question` for questions; name one of the two")
        for field in ("answer", "answer_start"):
            needs = "question" if field == "answer" else "answer"
            if getattr(self, field) is not None and getattr(self, needs) is None:
                raise ValueError(f"`{field}` needs `{needs}`: name its column")
        return self

    def columns(self) -> list[str]:
        """The columns that are read where there are any."""
        joined = [column for field in _JOINED if (column := getattr(self, field)) is not None]
        return list(dict.fromkeys([*(getattr(self, field) for field in _COLUMNS), *joined, *self.groups]))

    def missing(self, present: Collection[str]) -> str:
        """What is wrong with the columns there are; empty where nothing is."""
        needed = {"text": self.text} | {f: getattr(self, f) for f in _COLUMNS if f in self.model_fields_set}
        needed |= {f: column for f in _JOINED if (column := getattr(self, f)) is not None}
        for field, column in [*needed.items(), *(("groups", g) for g in self.groups)]:
            if column not in present:
                there = ", ".join(map(repr, present)) or "none"
                known = f"; {did_you_mean(column, present)}" if present else ""
                return f"there is no column {column!r} for `{field}`; there are {there}{known}"
        return ""

    def record(self, place: str, row: Mapping[str, Any], split: Split | None = None) -> Document | Rejected:
        """One record; `split` is that of its file, for records that name none."""
        text = row.get(self.text)
        raw = text if isinstance(text, str) else json.dumps(row, ensure_ascii=False, default=str)
        try:
            if fault := self.missing(row.keys()):
                raise RecordError(fault)
            if not isinstance(text, str):
                raise RecordError(f"{self.text!r} is {shown(text)}; write a string")
            text, spans = self._read(row, text)
            return _making.document(
                self.name,
                place,
                text=text,
                id=self._word(row, self.id) or "",
                group_id=self._word(row, self.group_id) or "",
                language=self._word(row, self.language),
                label=self._labels(row),
                spans=spans,
                split=_split(self._word(row, self.split)) or split,
                licence=self._word(row, self.licence),
                groups={g: word for g in self.groups if (word := self._word(row, g)) is not None},
            )
        except RecordError as error:
            return _making.reject(self.name, place, raw, str(error))

    def _read(self, row: Mapping[str, Any], text: str) -> tuple[str, tuple[Span, ...] | None]:
        """The document's text and spans: the record's own, or those of the texts that are joined."""
        if self.second is None and self.question is None:
            return text, _spans(row.get(self.spans), text)
        if row.get(self.spans) not in (None, "", []):
            field = "second" if self.second else "question"
            raise RecordError(f"has {self.spans!r}, and `{field}` marks spans of its own; leave one of the two out")
        if self.second is not None:
            return _joining.pair(text, row.get(self.second), self.text, self.second)
        asked = str(self.question)
        return _joining.question(text, row.get(asked), self._answer(row), self.text, asked)

    def _answer(self, row: Mapping[str, Any]) -> tuple[Any, Any]:
        found = None if self.answer is None else row.get(self.answer)
        start = None if self.answer_start is None else row.get(self.answer_start)
        if not isinstance(found, Mapping):
            return found, start
        firsts = [list(found.get(key) or [])[:1] for key in ("text", "answer_start")]
        return tuple(first[0] if first else None for first in firsts)  # type: ignore[return-value]

    def _labels(self, row: Mapping[str, Any]) -> str | None:
        value = row.get(self.label)
        if not isinstance(value, list | tuple):
            return self._word(row, self.label)
        for item in value:
            if not isinstance(item, str) or not item or LABELS_BETWEEN in item:
                raise RecordError(
                    f"{self.label!r} holds {shown(item)}; write strings that are not empty and hold no "
                    f"{LABELS_BETWEEN!r}"
                )
        return LABELS_BETWEEN.join(value)

    def _word(self, row: Mapping[str, Any], column: str) -> str | None:
        value = row.get(column)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise RecordError(f"{column!r} is {shown(value)}; write a string or a whole number")
        return str(value)


def _split(word: str | None) -> Split | None:
    if word is None:
        return None
    found = split_of(word)
    if found is None:
        raise RecordError(f"there is no split {word!r}; {did_you_mean(word, NAMES)}")
    return found


def _spans(value: Any, text: str) -> tuple[Span, ...] | None:
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.strip() else None
        except ValueError as error:
            raise RecordError(f"spans {value!r} are not JSON: {error}; write [{_SPAN}]") from error
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise RecordError(f"spans are {shown(value)}; write [{_SPAN}]")
    return tuple(_span(item, text) for item in value)


def _span(item: Any, text: str) -> Span:
    if not isinstance(item, Mapping):
        raise RecordError(f"a span is {shown(item)}; write {_SPAN}")
    start, end, label = (item.get(key) for key in ("start", "end", "label"))
    for key, value in (("start", start), ("end", end)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise RecordError(f"{key!r} of a span is {shown(value)}; write {_SPAN}")
    if not isinstance(label, str) or not label:
        raise RecordError(f"'label' of a span is {shown(label)}; write {_SPAN}")
    span = Span(int(start), int(end), label)  # type: ignore[arg-type]
    surface = item.get("text")
    if isinstance(surface, str) and 0 <= span.start < span.end <= len(text) and text[span.start : span.end] != surface:
        raise RecordError(
            f"the span {span} covers {text[span.start : span.end]!r}, not {surface!r}; "
            "offsets count Unicode code points, [start, end)"
        )
    return span
