"""Web addresses, which name a place and say little."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pipeline.cleaning import CleaningStep
from pipeline.types import Document, Edit, Rejected

if TYPE_CHECKING:
    import polars as pl

_MARK = "[URL]"
_END = "0-9A-Za-z\u00c0-\u024f/#=&_~%+$@\\-"  # what a URL may end with; a sentence's own punctuation stays outside
_INSIDE = f"{_END}.:?!*,;'()"
_PATH = f"(?:[{_INSIDE}]*[{_END}])?"
_URL = (
    f"(?:[Hh][Tt][Tt][Pp][Ss]?|[Ff][Tt][Pp])://[{_INSIDE}]*[{_END}]|[Ww][Ww][Ww]\\.[0-9A-Za-z-]+\\.[{_INSIDE}]*[{_END}]"
)
# The commonest endings of host names in web text; a file name such as setup.py has to stay out.
_ENDINGS = "com|org|net|edu|gov|info|io|cn|tw|hk|jp|uk|de|fr|es|it|ru|eu|us|in|br"
_DOMAIN = (
    f"(?<![0-9A-Za-z@._/-])(?:[0-9A-Za-z-]{{1,63}}\\.){{1,4}}(?i:{_ENDINGS})(?![0-9A-Za-z-]|\\.[0-9A-Za-z])"
    f"(?:[/:?]{_PATH})?"
)
_URLS = re.compile(_URL)
_DOMAINS = re.compile(_DOMAIN, re.ASCII)


class MaskUrls(CleaningStep):
    """http, https and ftp addresses, and what begins with www., become [URL]; with `domains` bare ones such as
    example.com/a do, too, but not behind an @.

    Written for addresses of Latin letters: one in a Chinese sentence ends before the next Chinese character. A span
    that an address reaches into covers the mark afterwards; two spans in one address reject the document.

    >>> MaskUrls()(Document("a", "见https://a.example/x?y=1。Or (www.b.example)!")).text
    '见[URL]。Or ([URL])!'
    """

    local: ClassVar[bool] = True

    marks: ClassVar[Mapping[str, str]] = {"url": _MARK}

    domains: bool = False

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows with an address of a kind that is masked."""
        if self.domains:
            return text.str.contains(f"://|[Ww]\\.|\\.(?i:{_ENDINGS})")
        return text.str.contains(_URL)

    def rewrites(self, text: pl.Expr) -> pl.Expr:
        """One pass in Rust; bare domains need to look behind themselves, which Python does."""
        import polars as pl

        masked = text.str.replace_all(_URL, _MARK)
        if not self.domains:
            return masked
        return masked.map_batches(
            lambda texts: pl.Series([_DOMAINS.sub(_MARK, text) for text in texts], dtype=pl.String),
            return_dtype=pl.String,
        )

    def __call__(self, doc: Document) -> Document | Rejected:
        """The document with its addresses masked; rejected where one address reaches into two spans."""
        masked = doc.edited([Edit(m.start(), m.end(), _MARK) for m in _URLS.finditer(doc.text)])
        if isinstance(masked, Rejected) or not self.domains:
            return masked
        return masked.edited([Edit(m.start(), m.end(), _MARK) for m in _DOMAINS.finditer(masked.text)])
