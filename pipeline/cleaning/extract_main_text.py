"""The main text of a web page, without its menus, notices and footers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.cleaning import CleaningStep
from pipeline.extras import require
from pipeline.pages import too_varied
from pipeline.types import Document, Edit, Rejected

if TYPE_CHECKING:
    import polars as pl

_PAGE = r"(?i)<!doctype html|<(?:html|body)[\s>]"
_IS_PAGE = re.compile(_PAGE, re.ASCII)
_PASSES = 4
_NESTING = re.compile(
    r"<(/?)(?:div|section|article|main|aside|nav|header|footer|form|center|blockquote|figure|details|fieldset)\b",
    re.IGNORECASE | re.ASCII,
)
_DEEPEST = 1000  # the extractor is quadratic in it: 20,000 nested <div> took 5.5 CPU-seconds


class ExtractMainText(CleaningStep):
    """Replaces a whole HTML page by its main text (Resiliparse's rules; paragraphs become lines). What is no page,
    with <!doctype html>, <html> or <body> in it, is left alone; strip_html is for tags in a text.

    A page with spans or tokens is rejected: they cannot be followed through the extraction. A page without main text
    becomes an empty text, and so does one built to be slow: elements nested deeper than 1,000, over 10,000 distinct
    attributes, or many distinct <b …>, <font …> and their like among many tags. Needs the extra `web`.

    >>> page = "<html><body><nav><a href=/>Home</a></nav><main><p>Bo met Al in Oslo today.</p></main></body></html>"
    >>> ExtractMainText()(Document("a", page)).text
    'Bo met Al in Oslo today.'
    """

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows that are pages."""
        return text.str.contains(_PAGE)

    def rewrites(self, text: pl.Expr) -> pl.Expr:
        """Page by page, in C++."""
        import polars as pl

        return text.map_batches(
            lambda texts: pl.Series([_main_text(text) for text in texts], dtype=pl.String), return_dtype=pl.String
        )

    def __call__(self, doc: Document) -> Document | Rejected:
        """The document with the page's main text, empty where it has none."""
        if not _IS_PAGE.search(doc.text):
            return doc
        if doc.spans or doc.tokens:
            return doc.rejected("the text is an HTML page and carries spans or tokens, which its extraction would lose")
        return doc.edited([Edit(0, len(doc.text), _main_text(doc.text))])


def _main_text(text: str) -> str:
    """Extracted until it is no page: a page may show the source of another."""
    extract = require("resiliparse.extract.html2text", extra="web").extract_plain_text
    for _ in range(_PASSES):
        if not _IS_PAGE.search(text):
            return text
        text = "" if _is_too_deep(text) or too_varied(text) else str(extract(text, main_content=True))
    return text.replace("<", "") if _IS_PAGE.search(text) else text


def _is_too_deep(page: str) -> bool:
    depth = deepest = 0
    for tag in _NESTING.finditer(page):
        depth = max(0, depth - 1) if tag[1] else depth + 1
        deepest = max(deepest, depth)
    return deepest > _DEEPEST
