"""Personal data as marks: what it was is written nowhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from pipeline.cleaning import CleaningStep
from pipeline.cleaning._rows import replaced
from pipeline.language import pii
from pipeline.types import Document, Edit, Rejected

if TYPE_CHECKING:
    import polars as pl

_MARKS: dict[str, str] = {kind: f"[{kind.upper()}]" for kind in pii.KINDS}


class MaskPii(CleaningStep):
    """Puts [EMAIL], [PHONE], [CN_ID] … in the place of personal data that is known by its form; check digits are
    checked. How often each mark stands in the clean text is counted, the values are not kept.

    A span inside of a masked value, or one that reaches into it, covers the whole mark afterwards; two spans in one
    value reject the document. Full-width digits are seen only after normalize_unicode or fold_width.

    >>> MaskPii()(Document("a", "Mail bo@mail.example, call +49 30 901820.")).text
    'Mail [EMAIL], call [PHONE].'
    """

    local: ClassVar[bool] = True

    marks: ClassVar[Mapping[str, str]] = _MARKS

    kinds: tuple[pii.Kind, ...] = Field(default=pii.KINDS, min_length=1)

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows that might hold personal data of these kinds."""
        return pii.might_hold(text, self.kinds)

    def rewrites(self, text: pl.Expr) -> pl.Expr:
        """In the order of pii.KINDS: e-mail first, IPv4 last, and between them what Python has to check."""
        import polars as pl

        checked = tuple(kind for kind in self.kinds if kind not in ("email", "ipv4"))
        if "email" in self.kinds:
            text = pii.emails_as(text, _MARKS["email"])
        if checked:
            text = text.map_batches(partial(_checked, kinds=checked), return_dtype=pl.String)
        return pii.ipv4s_as(text, _MARKS["ipv4"]) if "ipv4" in self.kinds else text

    def __call__(self, doc: Document) -> Document | Rejected:
        """The document with marks; rejected where one value reaches into two spans."""
        return doc.edited([Edit(start, end, _MARKS[kind]) for start, end, kind in pii.find(doc.text, self.kinds)])


def _checked(texts: pl.Series, kinds: Sequence[pii.Kind]) -> pl.Series:
    """Only rows that might hold one of these kinds are searched, and only for those that they might hold."""
    import polars as pl

    rows, new = list[int](), list[str]()
    for row, text, there in pii.suspected(texts, kinds):
        rows.append(row)
        new.append(_masked(text, there))
    return replaced(texts, np.array(rows, np.int64), pl.Series("text", new, dtype=pl.String))


def _masked(text: str, kinds: Sequence[pii.Kind]) -> str:
    pieces, at = [], 0
    for start, end, kind in pii.find(text, kinds):
        pieces += [text[at:start], _MARKS[kind]]
        at = end
    return "".join([*pieces, text[at:]])
