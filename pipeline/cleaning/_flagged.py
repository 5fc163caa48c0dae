"""One pattern for a list of words, wherever they stand as words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.language.words import HAN

_HAN = re.compile(f"[{HAN}]")


def flag(words: Sequence[str]) -> str:
    """Matches any of the words in any case: whole words, beside Chinese characters too; Chinese ones anywhere.

    >>> import polars as pl
    >>> pl.Series(["JavaScript is", "用javascript写", "javascripts"]).str.contains(flag(["javascript"])).to_list()
    [True, True, False]
    """
    return f"(?i)(?:{'|'.join(map(_bounded, words))})"


def _bounded(word: str) -> str:
    inside = r"\s+".join(re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", part) for part in word.split())
    edge = rf"[\W{HAN}]"
    before = f"(?:^|{edge})" if _wordy(word[0]) else ""
    after = f"(?:{edge}|$)" if _wordy(word[-1]) else ""
    return before + inside + after


def _wordy(character: str) -> bool:
    return character.isalnum() and not _HAN.match(character)
