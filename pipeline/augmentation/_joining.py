"""Whether words would run together where a text is changed, and how words are parted in a language."""

from __future__ import annotations

import unicodedata

from pipeline.composing import in_word
from pipeline.language.words import UNSPACED


def runs_together(text: str, start: int, end: int, other: str) -> bool:
    """Whether `other` in the place of `[start, end)` would join the word, or the character, before or after it.

    >>> runs_together("a 北京2008", 2, 4, "Rome"), runs_together("a 北京2008", 2, 4, "上海")
    (True, False)
    """
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    if not other:
        return in_word(before) and in_word(after)
    return (
        (in_word(before) and in_word(other[0]))
        or (in_word(other[-1]) and in_word(after))
        or (other[0] > "\x7f" and unicodedata.category(other[0])[0] == "M")
    )


def spaced(language: str) -> bool:
    """Whether white space parts the words of a language.

    >>> spaced("en"), spaced("zh")
    (True, False)
    """
    return language not in UNSPACED
