"""Characters that nobody sees: controls, zero-width characters, marks of writing direction."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from pipeline.cleaning import CleaningStep
from pipeline.cleaning._characters import INVISIBLE, JOINERS, JOINING, holds, where, without
from pipeline.types import Document, Edit, Rejected

if TYPE_CHECKING:
    import polars as pl

_INVISIBLE = re.compile(f"[{INVISIBLE}]+")
_JOINERS = re.compile(f"[{JOINERS}]+")
_JOINING = re.compile(f"[{JOINING}]")
_STRAY = f"(^|[^{JOINING}{JOINERS}])[{JOINERS}]+"


class RemoveInvisible(CleaningStep):
    """Drops control, zero-width and direction characters, soft hyphens and byte order marks; white space stays.

    The joiners U+200C and U+200D stay after a character of a script that needs them (Arabic and Persian, the Indic
    scripts, Mongolian …) or an emoji; after anything else, as between Latin or Chinese characters, they go.

    >>> RemoveInvisible()(Document("a", "pass\\u200bwo\\u200drd, نمی\\u200cخواهم, 👩\\u200d🚀")).text
    'password, نمی\\u200cخواهم, 👩\\u200d🚀'
    """

    local: ClassVar[bool] = True

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows with such a character, or with any joiner."""
        return holds(text, INVISIBLE + JOINERS)

    def rewrites(self, text: pl.Expr) -> pl.Expr:
        """First what always goes, then the joiners that nothing beside them needs."""
        import polars as pl

        return text.map_batches(_seen, return_dtype=pl.String)

    def __call__(self, doc: Document) -> Document | Rejected:
        """The document without them; rejected where a span held nothing else."""
        seen = doc.edited([Edit(m.start(), m.end(), "") for m in _INVISIBLE.finditer(doc.text)])
        if isinstance(seen, Rejected):
            return seen
        runs = _JOINERS.finditer(seen.text)
        stray = [m for m in runs if m.start() == 0 or not _JOINING.match(seen.text, m.start() - 1)]
        return seen.edited([Edit(m.start(), m.end(), "") for m in stray])


def _seen(texts: pl.Series) -> pl.Series:
    seen = without(texts, INVISIBLE)
    joined = seen.str.contains(f"[{JOINERS}]")
    return where(seen, joined, lambda some: some.str.replace_all(_STRAY, "${1}"))
