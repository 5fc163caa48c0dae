"""A page of HTML as text: its encoding, what is taken of it, its licence."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urljoin

from pipeline.extras import require
from pipeline.pages import too_varied
from pipeline.source._files import FileSource

# The parser's time grows with the square of how many attributes one tag has (20,000: 1.9 s), the extraction's with that
# of how deep elements are nested (10,000: 5.8 s; 1,000: 0.05 s). No page that a person wrote comes near either.
MOST_BYTES = 64 << 20
_MOST_NESTED = 1000
_MOST_ATTRIBUTES = 20_000
_TAG = re.compile(r"""<[A-Za-z](?:[^<>"']++|"[^"]*+"|'[^']*+')*+""")
_META = re.compile(rb"""<meta[^>]{0,500}?charset\s{0,20}=\s{0,20}["']?\s{0,20}([\w:.-]{2,40})""", re.IGNORECASE)
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_LICENCE_META = ("license", "licence", "dc.rights", "dcterms.rights", "dc.license", "dcterms.license")
_LONGEST_LICENCE = 500


class PageError(ValueError):
    """What is wrong with a page, and what would be right."""


@dataclass(frozen=True, slots=True)
class Page:
    """The text of a page, with its title and its licence where it says them."""

    text: str
    title: str
    licence: str


class PageSource(FileSource):
    """Files that hold pages. `content` is what becomes the text: `main` is the article without menus and footers,
    `visible` everything that a reader sees. With `title` the page's title is the first line.

    The encoding is what the byte order mark says, else the HTTP header, else the meta tag, else UTF-8, else what the
    bytes look like. A page that is not in the encoding that was assumed is rejected; nothing is replaced.
    """

    content: Literal["main", "visible"] = "main"
    title: bool = False

    def page(self, data: bytes, charset: str = "", url: str = "") -> Page:
        """The page; `charset` is what the HTTP header says, `url` what its links are relative to. Raises PageError."""
        html = decoded(data, charset)
        parse = require("resiliparse.parse.html", "web").HTMLTree.parse
        extract = require("resiliparse.extract.html2text", "web").extract_plain_text
        if any(_attributes(match.group()) > _MOST_ATTRIBUTES for match in _TAG.finditer(html)):
            raise PageError(f"one tag has more than {_MOST_ATTRIBUTES} attributes; repair the page")
        if too_varied(html):
            raise PageError("has too many different attributes or formatting tags for a page; repair it")
        try:
            tree = parse(html)
            if tree.document.query_selector(" > ".join(["*"] * _MOST_NESTED)) is not None:
                raise PageError(f"elements are nested {_MOST_NESTED} deep or more; repair the page")
            text, title = extract(tree, main_content=self.content == "main").strip(), (tree.title or "").strip()
            licence = _licence(tree, url)
        except (RuntimeError, ValueError, TypeError) as error:
            if isinstance(error, PageError):
                raise
            raise PageError(f"cannot be parsed: {error}; repair the page") from error
        if not text:
            more = "; with `content: visible` menus and footers are text too" if self.content == "main" else ""
            raise PageError(f"holds no text{more}")
        if self.title and title and not text.startswith(title):
            text = f"{title}\n\n{text}"
        return Page(text, title, licence)


def decoded(data: bytes, charset: str = "") -> str:
    """The characters of a page or a text from the web. Raises PageError with the encoding that was assumed, and why."""
    encoding, why, skip = _encoding(data, charset)
    try:
        text = data[skip:].decode(encoding)
    except UnicodeDecodeError as error:
        place = f"byte 0x{data[skip + error.start]:02X} at position {skip + error.start}"
        raise PageError(f"is taken for {encoding} ({why}), but {place} is not; save it as UTF-8") from error
    except LookupError as error:
        raise PageError(f"is in {encoding} ({why}), which cannot be read; save it as UTF-8") from error
    if (at := text.find("\0")) >= 0:
        raise PageError(f"is taken for {encoding} ({why}), but character {at} is 0x00, which is no text")
    return text


def _encoding(data: bytes, charset: str) -> tuple[str, str, int]:
    """(encoding, how it is known, bytes of the mark before the text)."""
    module = require("resiliparse.parse.encoding", "web")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, "its byte order mark", len(mark)
    meta = _META.search(data, 0, 1024)
    said = ((charset, "its HTTP header"), (meta.group(1).decode("ascii", "replace") if meta else "", "its meta tag"))
    for name, why in said:
        known = module.map_encoding_to_html5(name, fallback_utf8=False) if name else None
        if known:
            utf16_in_ascii = why == "its meta tag" and known.startswith("utf-16")  # the HTML standard: it cannot be
            return "utf-8" if utf16_in_ascii else known, why, 0
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return module.detect_encoding(data) or "utf-8", "what its bytes look like", 0
    return "utf-8", "what its bytes look like", 0


def _attributes(tag: str) -> int:
    """How many attributes a tag has at most; 0 where it is too short for many."""
    if len(tag) < _MOST_ATTRIBUTES * 2:
        return 0
    return len(re.findall(r"""[\s/"]+""", re.sub(r""""[^"]*"|'[^']*'""", '"', tag)))


def _licence(tree: Any, url: str) -> str:
    """What `<link rel=license>`, `<a rel=license>` or a meta tag says; empty where none does."""
    for element in tree.document.query_selector_all("link[rel~=license], a[rel~=license]"):
        href = (element.getattr("href") or "").strip()
        if 0 < len(href) <= _LONGEST_LICENCE:
            return urljoin(url, href) if url else href
    for element in tree.document.query_selector_all("meta[name]"):
        said = (element.getattr("content") or "").strip()
        if (element.getattr("name") or "").lower() in _LICENCE_META and 0 < len(said) <= _LONGEST_LICENCE:
            return str(said)
    return ""
