"""Drops documents that are longer than a text of their kind can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from pipeline.cleaning import CleaningStep
from pipeline.types import Document, Rejected

if TYPE_CHECKING:
    import polars as pl


class MaxLength(CleaningStep):
    """Rejects documents of more than `chars` characters (Unicode code points, white space included).

    >>> MaxLength(chars=5)(Document("a", "Hello!")).reason
    'the text has 6 characters; max_length allows 5'
    """

    example: ClassVar[dict[str, Any]] = {"chars": 30}

    chars: int = Field(ge=1)

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows that are too long; a text has at least as many bytes as characters."""
        return (text.str.len_bytes() > self.chars) & (text.str.len_chars() > self.chars)

    def refuses(self, text: pl.Expr) -> pl.Expr:
        """The length, for texts that are too long."""
        import polars as pl

        reason = pl.format(f"the text has {{}} characters; max_length allows {self.chars}", text.str.len_chars())
        return pl.when(text.str.len_chars() > self.chars).then(reason)

    def __call__(self, doc: Document) -> Document | Rejected:
        """The document, or rejected with its length."""
        if len(doc.text) <= self.chars:
            return doc
        return doc.rejected(f"the text has {len(doc.text)} characters; max_length allows {self.chars}")
