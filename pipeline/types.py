"""The central types: frozen, slotted, with no behaviour but what keeps them true.

Offsets count Unicode code points; every range is half-open, `[start, end)`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Literal

from pipeline.errors import InvalidDocument

Outcome = Literal["passed", "failed", "not_judged"]
Split = Literal["train", "validation", "test"]
Range = tuple[int, int]
Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters with a label: the only truth about annotations."""

    start: int
    end: int
    label: str
    groups: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return f"[{self.start}, {self.end}) {self.label}"


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace `[start, end)` of a text by `text`; `start == end` inserts."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a child's text: `[start, end)` of a parent as it stands there, or `text` in the place of it.

    `parent` counts the parents of the lineage from 0; `start == end` inserts.
    """

    start: int
    end: int
    text: str | None = None
    parent: int = 0


@dataclass(frozen=True, slots=True)
class Lineage:
    """How a document was made from others: the operation, its settings as JSON, its seed, the parents' ids.

    `pieces` one after another are the document's text: what its labels are derived from, and derived from again.
    """

    operation: str
    settings: str
    seed: int
    parents: tuple[str, ...]
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One text with its character spans, its label and its groups.

    `spans=None` is "not annotated", `()` is "annotated, nothing there". `group_id` is the root document, the unit of
    splitting. `source` is the place it was read from, `file:line`; `licence` its own terms where the source knows them,
    else empty and the corpus's hold. `tokens` are the source's own token boundaries.

    Raises:
        InvalidDocument: spans or tokens outside the text, empty, or overlapping.
    """

    id: str
    text: str
    language: str = ""
    source: str = ""
    group_id: str = ""
    spans: tuple[Span, ...] | None = None
    label: str | None = None
    groups: Mapping[str, str] = field(default_factory=dict, hash=False)
    split: Split | None = None
    tokens: tuple[Range, ...] | None = None
    lineage: Lineage | None = None
    weight: float = 1.0
    licence: str = ""

    def __post_init__(self) -> None:
        if self.spans:
            spans = tuple(sorted(self.spans, key=lambda s: (s.start, s.end)))
            _check([(s.start, s.end) for s in spans], len(self.text), "span", spans)
            object.__setattr__(self, "spans", spans)
        if self.tokens:
            _check(self.tokens, len(self.text), "token")

    def edited(self, edits: Sequence[Edit]) -> Document | Rejected:
        """This document with its text changed; spans and tokens travel with the text.

        An edit that straddles the edge of a span widens the span over the replacement; white space that comes to stand
        at the edge of a moved span is trimmed off it. A span that is edited away rejects the document.

        >>> doc = Document("a", "Ａnna  met Bo", spans=(Span(0, 4, "PER"), Span(10, 12, "PER")))
        >>> doc.edited([Edit(0, 1, "A"), Edit(4, 6, " ")]).spans
        (Span(start=0, end=4, label='PER', groups={}), Span(start=9, end=11, label='PER', groups={}))
        """
        if not edits:
            return self
        moves = _Moves(self.text, edits)
        spans: list[Span] = []
        for span in self.spans or ():
            start, end = moves.range(span.start, span.end)
            if start >= end:
                return self.rejected(f"the span {span} ({self.text[span.start : span.end]!r}) was edited away")
            spans.append(replace(span, start=start, end=end))
        for left, right in pairwise(spans):
            if right.start < left.end:
                return self.rejected(f"one edit reaches into both spans {left} and {right}")
        return replace(
            self,
            text=moves.text,
            spans=None if self.spans is None else tuple(spans),
            tokens=None if self.tokens is None else moves.tokens(self.tokens),
        )

    def rejected(self, reason: str, step: str = "") -> Rejected:
        """This document, dropped for `reason`; the stage that runs the step fills in the step's name."""
        return Rejected(self, step, reason)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A dropped document with the step that dropped it and why."""

    document: Document
    step: str
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A gate's result for one exact version of the data. `observed` and `limit` are in the gate's own unit.

    `expectations` are the single results that it came from, where the gate keeps them: for the data docs.
    """

    gate: str
    outcome: Outcome
    observed: float | None
    limit: str
    message: str
    evidence: Mapping[str, Json] = field(default_factory=dict, hash=False)
    expectations: Sequence[Mapping[str, Json]] = field(default_factory=list, hash=False)


@dataclass(frozen=True, slots=True)
class Device:
    """Where tensors live and how they are stored: `kind` is cpu, cuda or mps; `precision` is fp32 or bf16."""

    kind: Literal["cpu", "cuda", "mps"] = "cpu"
    precision: Literal["fp32", "bf16"] = "fp32"
    threads: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A fine-tuned model on disk: a plain `save_pretrained` folder and what is known of it. `seconds` is wall time."""

    path: Path
    base_model: str
    task: str
    labels: tuple[str, ...]
    metrics: Mapping[str, float] = field(hash=False)
    data_digest: str
    recipe_fingerprint: str
    device: Device
    seconds: float


class _Moves:
    """Where every offset of a text goes under sorted, disjoint edits."""

    def __init__(self, text: str, edits: Sequence[Edit]) -> None:
        self.edits = sorted(edits, key=lambda e: (e.start, e.end))
        for left, right in pairwise(self.edits):
            if right.start < left.end:
                raise InvalidDocument(f"edits overlap: {left} and {right}")
        if self.edits[0].start < 0 or self.edits[-1].end > len(text):
            raise InvalidDocument(f"edit outside of a text of {len(text)} characters")
        self.ends = [e.end for e in self.edits]
        self.shift = [0, *accumulate(len(e.text) - (e.end - e.start) for e in self.edits)]
        pieces, at = [], 0
        for edit in self.edits:
            pieces += [text[at : edit.start], edit.text]
            at = edit.end
        self.text = "".join([*pieces, text[at:]])

    def start(self, at: int) -> int:
        n = bisect_right(self.ends, at)
        if n < len(self.edits) and self.edits[n].start < at:
            return self.edits[n].start + self.shift[n]
        return at + self.shift[n]

    def end(self, at: int) -> int:
        n = bisect_right(self.ends, at)
        while n and self.edits[n - 1].start == at:  # an insertion at the end stays outside
            n -= 1
        if n < len(self.edits) and self.edits[n].start < at:
            return self.edits[n].start + self.shift[n] + len(self.edits[n].text)
        return at + self.shift[n]

    def range(self, start: int, end: int) -> Range:
        start, end = self.start(start), self.end(end)
        while start < end and self.text[start].isspace():
            start += 1
        while start < end and self.text[end - 1].isspace():
            end -= 1
        return start, end

    def tokens(self, tokens: Sequence[Range]) -> tuple[Range, ...]:
        """Moved tokens: vanished ones dropped, ones that one edit joined joined, ones with white space inside split."""
        moved: list[Range] = []
        for start, end in (self.range(a, b) for a, b in tokens):
            if start >= end:
                continue
            if moved and start < moved[-1][1]:
                start, end = moved.pop()[0], max(end, start)
            at = start
            for word in self.text[start:end].split():
                at = self.text.index(word, at)
                moved.append((at, at + len(word)))
                at += len(word)
        return tuple(moved)


def _check(ranges: Sequence[Range], length: int, what: str, shown: Sequence[Span] | None = None) -> None:
    """Raises InvalidDocument; what is wrong is put into words only then."""
    last = 0
    for start, end in ranges:
        if not last <= start < end <= length:
            break
        last = end
    else:
        return
    words = [str(s) for s in shown] if shown is not None else [f"[{a}, {b})" for a, b in ranges]
    for (start, end), word in zip(ranges, words, strict=True):
        if not 0 <= start < end:
            raise InvalidDocument(f"{what} {word} is empty or starts before the text")
        if end > length:
            raise InvalidDocument(f"{what} {word} ends after the text, which has {length} characters")
    for ((_, end), left), ((start, _), right) in pairwise(zip(ranges, words, strict=True)):
        if start < end:
            raise InvalidDocument(f"{what}s {left} and {right} overlap or are out of order")
