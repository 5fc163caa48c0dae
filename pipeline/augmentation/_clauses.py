"""Clauses of a document: what stands between the signs of its language."""

from __future__ import annotations

import re

from pipeline.language import en, zh
from pipeline.types import Document, Range

# A sign that stands by itself, or one at the end of a word; a full stop only after four small letters (not "Prof.")
# or at the end.
_SPACED = re.compile(
    r"""(?<!\S)[.,;:!?()\[\]\"“”…—–-]+(?!\S)|[,;:!?]+["')\]”’]*(?!\S)|(?<=[a-z]{4})\.(?=\s)|\.+["')\]”’]*(?=\s*\Z)"""
)
_CHINESE = re.compile(r"[，。！？；：…—（）“”!?()]+|(?<!\d)[,;:]|[,;:](?!\d)")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def clauses(doc: Document) -> list[Range]:
    """Where the clauses stand, without white space at their edges. A sign inside of a mention ends none.

    >>> text = "Mr. Bo came, saw 3.50 and left."
    >>> [text[a:b] for a, b in clauses(Document("a", text, "en"))]
    ['Mr. Bo came', 'saw 3.50 and left']
    """
    text, spans = doc.text, doc.spans or ()
    found: list[Range] = []
    at = 0
    for match in (_CHINESE if doc.language == zh.CODE else _SPACED).finditer(text):
        start, end = match.span()
        if not any(s.start < end and s.end > start for s in spans):
            found.append((at, start))
            at = end
    return [r for a, b in [*found, (at, len(text))] if (r := _stripped(text, a, b))[0] < r[1]]


def _stripped(text: str, start: int, end: int) -> Range:
    inside = text[start:end]
    return start + len(inside) - len(inside.lstrip()), start + len(inside.rstrip())


def negated(doc: Document, start: int, end: int) -> bool:
    """Whether a range holds a negation; in Chinese as a part of a word too (不好, and so also 特别).

    >>> negated(Document("a", "I don't know", "en"), 0, 12), negated(Document("b", "很不好", "zh"), 0, 3)
    (True, True)
    """
    if doc.language == zh.CODE:
        return any(word in doc.text[start:end] for word in zh.NEGATIONS)
    found = _WORD.findall(doc.text[start:end].lower().replace("’", "'"))
    return any(word in en.NEGATIONS or word.endswith("n't") for word in found)
