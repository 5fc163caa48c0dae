"""HTML in a text: its tags go, what they mark up stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pipeline.cleaning import CleaningStep
from pipeline.cleaning._markup import NAMES, edits
from pipeline.types import Document, Edit, Rejected

if TYPE_CHECKING:
    import polars as pl

_PASSES = 8


class StripHtml(CleaningStep):
    """Removes tags, comments and the contents of script and style, and writes entities as their characters; the tag of
    a block (p, div, li, td, br …) becomes a line end. A < that starts no tag of HTML stays: `3 < 5`, `<3`, `List<int>`.

    Repeated until nothing changes: &lt;b&gt; becomes <b>, and that a tag. What after eight passes still holds markup
    was built to, and loses its < and & instead.

    >>> StripHtml()(Document("a", "<p>Bo &amp; <b class='x'>Al</b><!-- no --> &lt; 3</p>")).text
    '\\nBo & Al < 3\\n'
    """

    local: ClassVar[bool] = True

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows with the start of a tag, a comment or an entity."""
        return text.str.contains(f"(?i)<(?:[!?][-a-z]|/?(?:{NAMES})[\\s/>])|&#?[0-9a-z]+;")

    def rewrites(self, text: pl.Expr) -> pl.Expr:
        """Row by row in Python, for the rows that hold markup."""
        import polars as pl

        return text.map_batches(
            lambda texts: pl.Series([_stripped(text) for text in texts], dtype=pl.String), return_dtype=pl.String
        )

    def __call__(self, doc: Document) -> Document | Rejected:
        """The document without markup; rejected where a span held nothing else."""
        result: Document | Rejected = doc
        for _ in range(_PASSES):
            changes = edits(doc.text)
            if not changes:
                return doc
            result = doc.edited(changes)
            if isinstance(result, Rejected):
                return result
            doc = result
        return doc.edited(_what_is_left(doc.text))


def _stripped(text: str) -> str:
    for _ in range(_PASSES):
        changes = edits(text)
        if not changes:
            return text
        text = _edited(text, changes)
    return _edited(text, _what_is_left(text))


def _what_is_left(text: str) -> list[Edit]:
    return [Edit(i, i + 1, "") for i, c in enumerate(text) if c in "<&"] if edits(text) else []


def _edited(text: str, changes: list[Edit]) -> str:
    pieces, at = [], 0
    for edit in changes:
        pieces += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*pieces, text[at:]])
