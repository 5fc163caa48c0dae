"""Whether a translated text speaks of things that its document does not: mentions nobody labelled, a lost negation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.language import en, zh
from pipeline.types import Document, Piece, Range

_UNIT = re.compile(rf"{zh.SCRIPT}|(?:(?!{zh.SCRIPT})\w)+|[^\w\s]")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SENTENCE = re.compile(r"[.!?:…。！？：][\s\"'”’)\]]*$")
_LONGEST = 8  # units (words, Han characters) of a mention that is looked for


@dataclass(frozen=True)
class Mentions:
    """The mentions of the training documents, to be found where they are not labelled."""

    known: frozenset[str] = frozenset()

    @cached_property
    def _starts(self) -> dict[str, int]:
        """First unit → units of the longest mention that begins with it."""
        found: dict[str, int] = {}
        for mention in self.known:
            units = _UNIT.findall(mention)
            if units and len(units) <= _LONGEST:
                found[units[0]] = max(len(units), found.get(units[0], 0))
        return found

    def within(self, text: str) -> set[str]:
        """The known mentions that stand in a text."""
        units = [m.span() for m in _UNIT.finditer(text)]
        return {
            text[start:end]
            for n, (start, first) in enumerate(units)
            for _, end in units[n : n + self._starts.get(text[start:first], 0)]
            if text[start:end] in self.known
        }


def stranger(doc: Document, pieces: Sequence[Piece], mentions: Mentions) -> str | None:
    """What a child of these pieces would have without a label, in words; None where nothing is to be seen."""
    if doc.spans is None:
        return None if doc.label is None else _negated(doc, pieces)
    taken = [(s.start, s.end) for s in doc.spans]
    text, outside = _laid_out(doc, pieces)
    before = _without(doc.text, taken)
    new = set[str]().union(*(mentions.within(text[a:b]) for a, b in outside)) - mentions.within(before)
    if new:
        return "a mention of the training documents came in without a label"
    words = {word.casefold() for word in _WORD.findall(before)}
    for a, b in outside:
        for found in _WORD.finditer(text, a, b):
            word = found[0]
            if len(word) > 1 and word[0].isupper() and word.casefold() not in words:
                head = text[: found.start()]
                if head.strip() and not _SENTENCE.search(head):
                    return "a capitalised word came in without a label"
    return None


def _laid_out(doc: Document, pieces: Iterable[Piece]) -> tuple[str, list[Range]]:
    """The child's text and the ranges of it that translated text has."""
    text, outside = "", list[Range]()
    for piece in pieces:
        if piece.text is None:
            text += doc.text[piece.start : piece.end]
        else:
            outside.append((len(text), len(text) + len(piece.text)))
            text += piece.text
    return text, outside


def _without(text: str, taken: Sequence[Range]) -> str:
    made, at = [], 0
    for start, end in taken:
        made.append(text[at:start])
        at = end
    return "\n".join([*made, text[at:]])


def _negated(doc: Document, pieces: Sequence[Piece]) -> str | None:
    after, _ = _laid_out(doc, pieces)
    if negations(doc.text, doc.language) != negations(after, doc.language):
        return "a negation came or went, and the label may not hold"
    return None


def negations(text: str, language: str) -> int:
    """How many negations a text has."""
    if language == zh.CODE:
        return sum(text.count(word) for word in zh.NEGATIONS if len(word) == 1)
    words = (word.lower().replace("’", "'") for word in _WORD.findall(text))
    return sum(word in en.NEGATIONS or word.endswith("n't") for word in words)
