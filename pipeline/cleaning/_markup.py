"""One pass over HTML in a text: which ranges are tags, comments, scripts and entities, and what they become.

Linear in the length of a text of any shape: every search starts where the one before it ended, or stops at the next <.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from html.entities import html5

from pipeline.types import Edit

_INLINE = (
    "a|abbr|acronym|applet|area|audio|b|base|basefont|bdi|bdo|big|blink|button|canvas|cite|code|col|colgroup|data|datalist|"
    "del|dfn|em|embed|font|i|iframe|img|input|ins|kbd|label|legend|link|map|mark|math|meta|meter|nobr|noscript|object|"
    "optgroup|option|output|param|path|picture|progress|q|rp|rt|ruby|s|samp|script|select|slot|small|source|span|strike|"
    "strong|style|sub|summary|sup|svg|template|textarea|time|tt|u|var|video|wbr"
)
_BLOCK = (
    "address|article|aside|blockquote|body|br|caption|center|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|"
    "footer|form|frame|frameset|h[1-6]|head|header|hgroup|hr|html|li|main|menu|nav|ol|p|pre|section|table|tbody|td|"
    "tfoot|th|thead|title|tr|ul"
)
NAMES = f"{_INLINE}|{_BLOCK}"
"""The elements of HTML, past ones among them; what stands in < > and has another name is text."""

# Quotes come in pairs or the tag has none. Possessive: nothing is tried twice, and two scans that start at different <
# and run on side by side stand in different quotes, so there are never more than two of them.
_TAG = re.compile(
    rf"</?(?:(?P<block>{_BLOCK})|(?P<name>{_INLINE}))(?=[\s/>])(?:(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+>|[^<>]*+>)",
    re.IGNORECASE | re.ASCII,
)
_OTHER_TAG = re.compile(r"<[!?][A-Za-z][^<>]*+>")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_AMPERSANDS = re.compile(r"&(?:(?:amp|AMP|#0{0,5}38|#[xX]0{0,4}26);)+")
_CLOSING = {name: re.compile(f"</{name}", re.IGNORECASE | re.ASCII) for name in ("script", "style")}
_START = re.compile("<(?=[A-Za-z/!?])|&(?=[#A-Za-z])")


def edits(text: str) -> list[Edit]:
    """What one pass changes: tags become nothing or, where they start or end a block, a line end."""
    return list(_edits(text))


def _edits(text: str) -> Iterator[Edit]:
    missing: set[str] = set()  # ends that the rest of the text does not hold
    at = 0
    while start := _START.search(text, at):
        place = start.start()
        found = _entity(text, place) if text[place] == "&" else _tag(text, place, missing)
        at = found.end if found else place + 1
        if found:
            yield found


def _entity(text: str, at: int) -> Edit | None:
    if match := _AMPERSANDS.match(text, at):  # &amp;amp;lt; is one & however often it was escaped
        return Edit(at, match.end(), "&")
    match = _ENTITY.match(text, at)
    if match is None or (text[at + 1] != "#" and match.group()[1:] not in html5):
        return None
    return Edit(at, match.end(), unescape(match.group()))


def _tag(text: str, at: int, missing: set[str]) -> Edit | None:
    if text.startswith("<!--", at):
        place = _find(text, "-->", at + 4, missing)
        return Edit(at, place + 3, "") if place >= 0 else None
    match = _TAG.match(text, at)
    if match is None:
        other = _OTHER_TAG.match(text, at)
        return Edit(at, other.end(), "") if other else None
    name = (match["name"] or "").lower()
    if name in _CLOSING and text[at + 1] != "/" and name not in missing:
        closing = _CLOSING[name].search(text, match.end())
        end = _TAG.match(text, closing.start()) if closing else None
        if end:
            return Edit(at, end.end(), "")
        missing.add(name)
    return Edit(at, match.end(), "\n" if match["block"] else "")


def _find(text: str, what: str, at: int, missing: set[str]) -> int:
    place = -1 if what in missing else text.find(what, at)
    if place < 0:
        missing.add(what)
    return place
