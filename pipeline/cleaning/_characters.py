"""Classes of characters that more than one step reads, written so that Python and Rust (Polars) both read them.

Rust looks for up to ten characters with SIMD, in 0.04 to 0.1 ms a MB, for one more byte by byte, in 1.5 ms: a class is
looked for ten characters at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

from pipeline.cleaning._rows import replaced

if TYPE_CHECKING:
    import polars as pl

# Control and invisible characters; white space stays, and so do the joiners.
INVISIBLE = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
)
JOINERS = "\u200c\u200d"
# What a joiner may follow: letters and signs of the scripts that join or conjoin (Arabic to N'Ko, Brahmic scripts from
# Devanagari to Sinhala, Tibetan, Myanmar, Khmer, Mongolian, and the newer blocks of them), and emoji with their parts.
JOINING = (
    "\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\u1a20-\u1cff\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefc"
    "\U00010d00-\U00010fff\U00011000-\U00011fff"
    "\u00a9\u00ae\u203c\u2049\u20e3\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\ufe0f\U0001f000-\U0001faff"
    "\U000e0020-\U000e007f"
)


def holds(text: pl.Expr, characters: str) -> pl.Expr:
    """Whether one of these characters, the inside of a class, stands in a text."""
    import polars as pl

    return pl.any_horizontal(text.str.contains(ten) for ten in _tens(characters))


def without(texts: pl.Series, characters: str, instead: str = "") -> pl.Series:
    """The texts without these characters, or with another in the place of each."""
    import polars as pl

    tens = _tens(characters)
    found = texts.to_frame("text").select(pl.col("text").str.contains(ten).alias(ten) for ten in tens)
    for ten in tens:
        texts = where(texts, found[ten], partial(_replaced, characters=ten, instead=instead))
    return texts


def where(texts: pl.Series, which: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """What `change` makes of the rows where `which` holds, and the others as they are."""
    if not which.any():
        return texts
    rows = np.flatnonzero(which.to_numpy())  # a third of what arg_true takes
    return replaced(texts, rows, change(texts[rows]))


def _replaced(texts: pl.Series, characters: str, instead: str) -> pl.Series:
    return texts.str.replace_all(characters, instead)


@cache
def _tens(characters: str) -> tuple[str, ...]:
    every = list(each(characters))
    return tuple(f"[{re.escape(''.join(every[at : at + 10]))}]" for at in range(0, len(every), 10))


def each(characters: str) -> Iterator[str]:
    """The characters inside of a class, its ranges written out."""
    for first, last in re.findall("(.)(?:-(.))?", characters, re.DOTALL):
        yield from map(chr, range(ord(first), ord(last or first) + 1))
