"""Drops documents that are too short to say anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from pipeline.cleaning import CleaningStep
from pipeline.types import Document, Rejected

if TYPE_CHECKING:
    import polars as pl


class MinLength(CleaningStep):
    """Rejects documents of fewer than `chars` characters (Unicode code points, white space included).

    >>> MinLength(chars=5)(Document("a", "Hi")).reason
    'the text has 2 characters; min_length asks for 5'
    """

    example: ClassVar[dict[str, Any]] = {"chars": 2}

    chars: int = Field(ge=1)

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows that are too short."""
        return text.str.len_chars() < self.chars

    def refuses(self, text: pl.Expr) -> pl.Expr:
        """The length, for texts that are too short."""
        import polars as pl

        reason = pl.format(f"the text has {{}} characters; min_length asks for {self.chars}", text.str.len_chars())
        return pl.when(text.str.len_chars() < self.chars).then(reason)

    def __call__(self, doc: Document) -> Document | Rejected:
        """The document, or rejected with its length."""
        if len(doc.text) >= self.chars:
            return doc
        return doc.rejected(f"the text has {len(doc.text)} characters; min_length asks for {self.chars}")
