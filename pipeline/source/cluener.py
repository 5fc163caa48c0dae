"""CLUENER2020: fine-grained Chinese named entities, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field

from pipeline.source._files import FileSource
from pipeline.source._splits import split_of
from pipeline.source._text_file import TextFile
from pipeline.types import Document, Rejected, Span, Split

_SHAPE = 'write {"text": "…", "label": {"name": {"叶老桂": [[9, 11]]}}}, the last index inclusive'


class Cluener(FileSource):
    """Lines of `{"text": …, "label": {type: {mention: [[start, last], …]}}}`, the last index inclusive.

    A mention must be what its indices cover. Documents hold flat spans: a sentence with a mention inside of another
    (1 of the 12,091 published ones, train.json:1507) is rejected with all of its mentions named, or, with
    `nested: outer`, keeps the outer ones. A line without `label` is not annotated. `splits` says which file (`train`,
    `dev`) is which split; without it documents carry none.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     document = next(Cluener.example_in(Path(folder)).read("train.json"))
    >>> [(span.label, document.text[span.start : span.end]) for span in document.spans]
    [('name', '王小明'), ('address', '北京')]
    """

    pattern: str = "*.json"
    nested: Literal["reject", "outer"] = "reject"
    splits: Mapping[str, Split] = Field(default_factory=dict)

    def read_file(self, file: TextFile) -> Iterator[Document | Rejected]:
        """One document a line that is not blank."""
        split = split_of(file.name, self.splits) if self.splits else None
        for line in file.lines():
            try:
                row = json.loads(line.text)
            except (ValueError, RecursionError) as error:
                yield file.reject(line, line.text, f"is not JSON: {error}; write one JSON object a line")
                continue
            text = row.get("text") if isinstance(row, dict) else None
            if not isinstance(text, str):
                yield file.reject(line, line.text, f"has no string 'text'; {_SHAPE}")
                continue
            try:
                spans = None if row.get("label") is None else self._spans(text, row["label"])
            except ValueError as error:
                yield file.reject(line, text, str(error))
                continue
            yield file.document(line, text=text, spans=spans, split=split)

    def _spans(self, text: str, label: Any) -> tuple[Span, ...]:
        spans: dict[tuple[int, int, str], Span] = {}
        for kind, mention, start, last in _mentions(label):
            span = Span(start, last + 1, kind)
            outside = start < 0 or last >= len(text)
            if outside or text[start : last + 1] != mention:
                found = text.find(mention)
                there = f"outside of the {len(text)} characters" if outside else repr(text[start : last + 1])
                right = f"it stands at [{found}, {found + len(mention) - 1}]" if found >= 0 else "it is not in the text"
                raise ValueError(f"{kind} {mention!r} is said to be at [{start}, {last}], which is {there}; {right}")
            spans[start, last + 1, kind] = span
        ordered = sorted(spans.values(), key=lambda s: (s.start, -s.end))
        flat: list[Span] = []
        for span in ordered:
            if not flat or span.start >= flat[-1].end:
                flat.append(span)
            elif (
                self.nested == "reject"
                or span.end > flat[-1].end
                or (span.start, span.end) == (flat[-1].start, flat[-1].end)
            ):
                named = ", ".join(f"{s} {text[s.start : s.end]!r}" for s in ordered)
                raise ValueError(f"mentions overlap: {named}; keep one of them, or set `nested: outer` for nested ones")
        return tuple(flat)

    @classmethod
    def example_in(cls, folder: Path) -> Self:
        """Two sentences, one without a mention."""
        rows: list[dict[str, Any]] = [
            {"text": "王小明住在北京", "label": {"name": {"王小明": [[0, 2]]}, "address": {"北京": [[5, 6]]}}},
            {"text": "今天下雨", "label": {}},
        ]
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / "train.json").write_text(lines, encoding="utf-8")
        return cls(path=str(folder))


def _mentions(label: Any) -> Iterator[tuple[str, str, int, int]]:
    """(type, mention, first index, last index) of a `label` object; ValueError where its shape is another."""
    try:
        for kind, by_mention in label.items():
            for mention, places in by_mention.items():
                for start, last in places:
                    if type(start) is not int or type(last) is not int:
                        raise TypeError
                    yield kind, mention, start, last
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"'label' is {json.dumps(label, ensure_ascii=False)[:80]}; {_SHAPE}") from error
