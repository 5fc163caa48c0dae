"""Full-width digits and Latin letters as the ASCII ones that they stand for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from pipeline.cleaning import CleaningStep
from pipeline.types import Document, Edit, Rejected

if TYPE_CHECKING:
    import polars as pl

_WIDE = "\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
_RUN = re.compile(f"[{_WIDE}]+")
_FOLDED = {code: code - 0xFEE0 for code in range(0xFF10, 0xFF5B) if re.match(f"[{_WIDE}]", chr(code))}


class FoldWidth(CleaningStep):
    """０-９, Ａ-Ｚ and ａ-ｚ become ASCII; punctuation, half-width kana and everything else stay as they are.

    For text whose compatibility forms are to stay; normalize_unicode does this and more.

    >>> FoldWidth()(Document("a", "１９９８年，ＩＢＭ（①）")).text
    '1998年，IBM（①）'
    """

    local: ClassVar[bool] = True

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows with such a character."""
        return text.str.contains(f"[{_WIDE}]")

    def rewrites(self, text: pl.Expr) -> pl.Expr:
        """One replacement for each of the 62 characters, in one pass."""
        return text.str.replace_many({chr(wide): chr(narrow) for wide, narrow in _FOLDED.items()}, leftmost=True)

    def __call__(self, doc: Document) -> Document | Rejected:
        """The document with its digits and Latin letters folded; offsets stay."""
        runs = _RUN.finditer(doc.text)
        return doc.edited(
            [
                Edit(m.start() + i, m.start() + i + 1, chr(_FOLDED[ord(c)]))
                for m in runs
                for i, c in enumerate(m.group())
            ]
        )
