"""Unicode compatibility forms: one spelling for what looks the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain, pairwise
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from pipeline.cleaning import CleaningStep
from pipeline.cleaning._characters import INVISIBLE, each, where, without
from pipeline.cleaning._rows import replaced
from pipeline.types import Document, Edit, Rejected

if TYPE_CHECKING:
    import polars as pl

Form = Literal["NFC", "NFKC"]

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
# What is commonest: one character for one, whatever stands beside it.
_PLAIN = {chr(code): unicodedata.normalize("NFKC", chr(code)) for code in (0xA0, 0x3000, *range(0xFF10, 0xFF1A))}
_PLAIN |= {chr(code): chr(code - 0xFEE0) for code in (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
_PRIVATE = 0x100000  # plane 16: what stays is written with these while whole columns are normalized


class NormalizeUnicode(CleaningStep):
    """Drops control and invisible characters, then writes compatibility forms as what they stand for (NFKC): full-width
    digits and letters, ligatures, circled numbers, composed accents.

    `forms` names languages that get NFC instead, which composes accents and keeps ligatures, full-width and circled
    forms: {ja: NFC}. Chinese and all other full-width punctuation stays, and so does a lone accent such as ´, whose
    NFKC form would put a space into its word. What a span or a token covers is normalized by itself, never together
    with what stands beside it. (Unicode Standard Annex 15. Dropping comes first: NFKC would join what an invisible
    character parted, and a second run would then change the text again.)

    >>> NormalizeUnicode()(Document("a", "１９９８年，ＩＢＭ\u200b的ﬁle")).text
    '1998年，IBM的file'
    """

    local: ClassVar[bool] = True

    forms: Mapping[str, Form] = Field(default_factory=dict)

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows with an invisible character, one that has another form, or a mark."""
        units = _units()
        return text.str.contains(f"[{INVISIBLE}{units.changing}{units.joining}]")

    def rewrites(self, text: pl.Expr) -> pl.Expr:
        """The forms of whole columns."""
        import polars as pl

        if not self.forms:
            return text.map_batches(_nfkc, return_dtype=pl.String)
        nfc = pl.col("language").is_in([code for code, form in self.forms.items() if form == "NFC"])
        return pl.struct(text.alias("text"), nfc.alias("nfc")).map_batches(_by_form, return_dtype=pl.String)

    def __call__(self, doc: Document) -> Document | Rejected:
        """The document with its text normalized; rejected where a span held nothing but invisible characters."""
        invisible = re.finditer(f"[{INVISIBLE}]+", doc.text)
        cleaned = doc.edited([Edit(m.start(), m.end(), "") for m in invisible])
        if isinstance(cleaned, Rejected) or cleaned.text.isascii():
            return cleaned
        return cleaned.edited(_edits(cleaned, self.forms.get(doc.language, "NFKC")))


def _edits(doc: Document, form: Form) -> list[Edit]:
    edges = sorted(
        {
            0,
            len(doc.text),
            *(at for span in doc.spans or () for at in (span.start, span.end)),
            *chain.from_iterable(doc.tokens or ()),
        }
    )
    edits: list[Edit] = []
    for start, end in pairwise(edges):
        for unit in _units().pattern.finditer(doc.text, start, end):
            normal = unicodedata.normalize(form, unit.group())
            if normal != unit.group():
                edits.append(Edit(unit.start(), unit.end(), normal))
    return edits


def _by_form(rows: pl.Series) -> pl.Series:
    nfc = rows.struct.field("nfc")
    return where(where(rows.struct.field("text"), nfc, partial(_composed, form="NFC")), ~nfc, _nfkc)


def _nfkc(texts: pl.Series) -> pl.Series:
    """A column as `_edits` writes it, without spans. Rows with nothing but full-width digits and letters, U+3000 and
    no-break spaces to change, as most are, need no more than one replacement a character.
    """
    units = _units()
    plain = without(texts, INVISIBLE).str.replace_many(dict(_PLAIN), leftmost=True)  # without leftmost half as fast
    other = (plain.str.len_bytes() != plain.str.len_chars()).arg_true()  # not ASCII
    hard = other.filter(plain.gather(other).str.contains(f"[{units.not_plain}{units.joining}]"))
    return plain if hard.is_empty() else replaced(plain, hard.to_numpy(), _composed(texts.gather(hard), "NFKC"))


def _composed(texts: pl.Series, form: Form) -> pl.Series:
    """What stays is a private character meanwhile. Rows that hold what Polars' Unicode tables may see otherwise than
    Python's, or such a private character, are written by `_edits`. (Arrow's utf8_normalize is no help: in pyarrow
    25.0.1 NFC and NFKC decompose.)
    """
    units = _units()
    seen = without(texts, INVISIBLE)
    kept, private = list(units.kept), [chr(_PRIVATE + n) for n in range(len(units.kept))]
    new = seen.str.replace_many(kept, private).str.normalize(form).str.replace_many(private, kept)
    slow = seen.str.contains(f"[{units.doubtful}]").arg_true()
    return new.scatter(slow, [_alone(text, form) for text in seen.gather(slow)]) if len(slow) else new


def _alone(text: str, form: Form) -> str:
    doc = Document("", text).edited(_edits(Document("", text), form))
    return doc.text if isinstance(doc, Document) else text


@dataclass(frozen=True, slots=True)
class _Units:
    """`pattern` matches what may change: a character and the marks that follow it; the rest of a text is in NFKC as it
    is. The rest are insides of character classes: `not_plain` is `changing` without the commonest, `joining` may merge
    with the character before, `kept` stays.
    """

    pattern: re.Pattern[str]
    changing: str
    not_plain: str
    joining: str
    doubtful: str
    kept: str


@cache
def _units() -> _Units:
    changing: list[int] = []
    joining: list[int] = []
    kept: list[int] = []
    doubtful: list[int] = []
    always_kept = set(each(_KEPT))
    for char in map(chr, chain(*(range(first, last) for first, last in _BLOCKS))):
        form, category = unicodedata.normalize("NFKD", char), unicodedata.category(char)
        if category == "Cn":  # newer tables may know it
            doubtful.append(ord(char))
        if char in always_kept or (" " in form and not char.isspace()):
            kept.append(ord(char))
        elif unicodedata.category(form[0])[0] == "M" or "\u1160" <= form[0] <= "\u11ff":
            joining.append(ord(char))
        elif form != char and not unicodedata.is_normalized("NFKC", char):
            changing.append(ord(char))
    marks, own, stay = _class(joining), _class(changing), _class(kept)
    pattern = re.compile(f"[{own}][{marks}]*|[^{marks}{stay}][{marks}]+|[{marks}]+", re.DOTALL)
    doubtful += range(_PRIVATE, _PRIVATE + len(kept))
    not_plain = _class([code for code in changing if chr(code) not in _PLAIN])
    return _Units(pattern, own, not_plain, marks, _class(doubtful), "".join(map(chr, kept)))


def _class(codes: list[int]) -> str:
    """Sorted code points as the inside of a character class."""
    ranges: list[tuple[int, int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1] = (ranges[-1][0], code)
        else:
            ranges.append((code, code))
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)
