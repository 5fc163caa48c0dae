"""Mojibake: text whose bytes were read in the wrong encoding."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from pipeline.cleaning import CleaningStep
from pipeline.cleaning._differences import difference
from pipeline.extras import require
from pipeline.types import Document, Edit, Rejected

if TYPE_CHECKING:
    import polars as pl

_WORD = re.compile("[^\\s\u2e80-\U0010ffff]+")


class FixMojibake(CleaningStep):
    """Repairs lines whose bytes were read in the wrong encoding (ftfy), and nothing else: widths, quotes, ligatures and
    Unicode forms stay, as full-width Chinese punctuation has to. Needs the extra `mojibake`.

    A span moves with its word; where a repair joins words, they change together, and two spans in them reject the
    document.

    >>> FixMojibake()(Document("a", "MÃ¼nchen, dÃ©jÃ\\u00a0 vu, ä¸\\u00adæ–‡，（１）")).text
    'München, déjà vu, 中文，（１）'
    """

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows that ftfy would look at: with characters that hardly ever stand side by side."""
        return text.str.contains(_suspicious())

    def rewrites(self, text: pl.Expr) -> pl.Expr:
        """Row by row in Python."""
        import polars as pl

        return text.map_batches(
            lambda texts: pl.Series([_repaired(text) for text in texts], dtype=pl.String), return_dtype=pl.String
        )

    def __call__(self, doc: Document) -> Document | Rejected:
        """The document with its lines repaired."""
        edits: list[Edit] = []
        at = 0
        for line in doc.text.split("\n"):
            edits += _edits(line, at)
            at += len(line) + 1
        return doc.edited(edits)


def _repaired(text: str) -> str:
    return "\n".join(_fixed(line) for line in text.split("\n"))


def _fixed(line: str) -> str:
    return str(require("ftfy", extra="mojibake").fix_encoding(line))


def _edits(line: str, at: int) -> list[Edit]:
    """Word by word where that makes the same of the line, else from the first change to the last."""
    after = _fixed(line)
    if after == line:
        return []
    words = [(m.start(), m.group(), _fixed(m.group())) for m in _WORD.finditer(line) if not m.group().isascii()]
    edits = [edit for start, word, fixed in words for edit in difference(word, fixed, at + start)]
    moved = Document("", line).edited([Edit(e.start - at, e.end - at, e.text) for e in edits])
    return edits if isinstance(moved, Document) and moved.text == after else difference(line, after, at)


@cache
def _suspicious() -> str:
    """ftfy's own test (`ftfy.badness.BADNESS_RE`: without a match it changes nothing), for Rust to read.

    There white space in a class is no character, a [ opens a class inside of a class, and `^` has to match at every
    line; a letter after a quote is any character here, for the two do not call the same ones letters.
    """
    badness: Any = require("ftfy.badness", extra="mojibake")
    pattern: str = badness.BADNESS_RE.pattern
    pieces = re.split(r"(\[[^\]]*\])", re.sub(r"(?m)^\s*#.*$", "", pattern))
    pieces[1::2] = ["[" + re.sub(r"([ &~\[#])", r"\\\1", piece[1:]) for piece in pieces[1::2]]
    pieces[::2] = [re.sub(r"\\w", r"\\S", re.sub(r"\\s", "[\\\\s\x1c-\x1f]", piece)) for piece in pieces[::2]]
    return f"(?mx){''.join(pieces)}"
