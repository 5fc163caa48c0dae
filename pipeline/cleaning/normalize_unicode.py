"""Unicode compatibility forms: one spelling for what looks the same."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from pipeline.cleaning import CleaningStep
from pipeline.types import Document, Edit, Rejected

if TYPE_CHECKING:
    import polars as pl

# Control and invisible characters; white space stays, and so do U+200C and U+200D (Persian, Indic scripts, emoji).
_INVISIBLE = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
)
# Full-width punctuation and signs, vertical and small forms, 、 … ‥: how Chinese is written, not how it is encoded.
_KEPT = "\u2025\u2026\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff60\uffe0-\uffe6"

# Where to look for characters with another form, and marks: all of Unicode but Han, Hangul, surrogates and private use.
_BLOCKS = (
    (0x80, 0x3400),
    (0xA000, 0xAC00),
    (0xD7A4, 0xD800),
    (0xF900, 0x20000),
    (0x2F800, 0x2FA20),
    (0xE0100, 0xE01F0),
)


class NormalizeUnicode(CleaningStep):
    """Drops control and invisible characters, then writes compatibility forms as what they stand for (NFKC): full-width
    digits and letters, ligatures, circled numbers, composed accents.

    Chinese and all other full-width punctuation stays, and so does a lone accent such as ´, whose NFKC form would put a
    space into its word. What a span covers is normalized by itself, never together with what stands beside it.
    (Unicode Standard Annex 15. Dropping comes first: NFKC would join what an invisible character parted, and a second
    run would then change the text again.)

    >>> NormalizeUnicode()(Document("a", "１９９８年，ＩＢＭ\u200b的ﬁle")).text
    '1998年，IBM的file'
    """

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows with an invisible character, or that NFKC would change, punctuation that stays aside."""
        rest = text.str.replace_all(f"[{_KEPT}]", "")
        return text.str.contains(f"[{_INVISIBLE}]") | (rest.str.normalize("NFKC") != rest)

    def __call__(self, doc: Document) -> Document | Rejected:
        """The document with its text normalized; rejected where a span held nothing but invisible characters."""
        invisible = re.finditer(f"[{_INVISIBLE}]+", doc.text)
        cleaned = doc.edited([Edit(m.start(), m.end(), "") for m in invisible])
        if isinstance(cleaned, Rejected) or cleaned.text.isascii():
            return cleaned
        return cleaned.edited(_edits(cleaned))


def _edits(doc: Document) -> list[Edit]:
    edges = sorted({0, len(doc.text), *(at for span in doc.spans or () for at in (span.start, span.end))})
    edits: list[Edit] = []
    for start, end in pairwise(edges):
        for unit in _units().finditer(doc.text, start, end):
            normal = unicodedata.normalize("NFKC", unit.group())
            if normal != unit.group():
                edits.append(Edit(unit.start(), unit.end(), normal))
    return edits


@cache
def _units() -> re.Pattern[str]:
    """Matches what may change: a character and the marks that follow it. The rest of a text is in NFKC as it is."""
    changing: list[int] = []
    joining: list[int] = []  # may merge with the character before it
    kept: list[int] = []
    always_kept = re.compile(f"[{_KEPT}]")
    for code in chain(*(range(first, last) for first, last in _BLOCKS)):
        char = chr(code)
        form = unicodedata.normalize("NFKD", char)
        if always_kept.match(char) or (" " in form and not char.isspace()):
            kept.append(code)
        elif unicodedata.category(form[0])[0] == "M" or 0x1160 <= ord(form[0]) <= 0x11FF:
            joining.append(code)
        elif not unicodedata.is_normalized("NFKC", char):
            changing.append(code)
    marks, own, stay = _class(joining), _class(changing), _class(kept)
    return re.compile(f"[{own}][{marks}]*|[^{marks}{stay}][{marks}]+|[{marks}]+", re.DOTALL)


def _class(codes: list[int]) -> str:
    """Sorted code points as the inside of a character class."""
    ranges: list[tuple[int, int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1] = (ranges[-1][0], code)
        else:
            ranges.append((code, code))
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)
