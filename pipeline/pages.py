"""Web pages that are built to be slow: what the parser would take minutes for."""

from __future__ import annotations

import re

_TAG = re.compile(r"<[a-z][a-z0-9]*+((?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+)", re.IGNORECASE)
_VALUE = re.compile(r"=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s\"'>]++)")
_NAME = re.compile(r"[^\s/]+")
_MOST_NAMES = 10_000  # distinct attributes; the parser is quadratic in them: 7,000 took 0.1 CPU-seconds
# What a paragraph closes the parser opens again in the next, if it is told apart by its attributes.
_FORMATTING = re.compile(
    r"<(?:b|big|code|em|font|i|s|small|strike|strong|tt|u)[\s/](?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+", re.IGNORECASE
)
_MOST_REOPENED = 2_000_000  # distinct ones times tags: 1.9 million took 0.6 CPU-seconds, 30 million 12.5


def too_varied(page: str) -> bool:
    """Whether a page has over 10,000 distinct attributes, or many distinct formatting tags among many tags.

    >>> too_varied("<p>short</p>")
    False
    """
    if len(page) <= _MOST_NAMES:
        return False
    if len(set(_FORMATTING.findall(page))) * page.count("<") > _MOST_REOPENED:
        return True
    names = _NAME.findall(_VALUE.sub(" ", " ".join(_TAG.findall(page)).lower()))
    return len(set(names)) > _MOST_NAMES
