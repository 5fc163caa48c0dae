"""What characters are, looked up for a whole array of them at once."""

from __future__ import annotations

import re
import unicodedata
from sys import maxunicode

import numpy as np
from numpy.typing import NDArray

from pipeline.composing import in_word
from pipeline.language import zh

Codes = NDArray[np.uint32]  # code points
Bits = NDArray[np.uint8]

LETTER, SPACE, JOINS, MARK, HAN = 1, 2, 4, 8, 16
"""`isalpha`; `isspace`; makes a word with its like (`composing.in_word`); stands with the character before it
(`composing.joined`); Chinese."""
_KNOWN = 128
_HAN = re.compile(zh.SCRIPT)
_table = np.zeros(maxunicode + 1, np.uint8)  # filled in as characters are met


def bits(codes: Codes) -> Bits:
    """What each character is, as the sum of what of the above holds.

    >>> [int(b) for b in bits(codes_of("a ²国"))]
    [133, 130, 132, 145]
    """
    found: Bits = _table[codes]
    if len(new := codes[found == 0]):
        for code in np.unique(new).tolist():
            _table[code] = _bits_of(chr(code))
        found = _table[codes]
    return found


def codes_of(text: str) -> Codes:
    """The code points of a text.

    >>> codes_of("a国").tolist()
    [97, 22269]
    """
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def text_of(codes: Codes) -> str:
    """The text of code points."""
    return codes.astype("<u4", copy=False).tobytes().decode("utf-32-le", "surrogatepass")


def _bits_of(char: str) -> int:
    return (
        _KNOWN
        + LETTER * char.isalpha()
        + SPACE * char.isspace()
        + JOINS * in_word(char)
        + MARK * (unicodedata.category(char)[0] == "M" or char in "\u200c\u200d")
        + HAN * bool(_HAN.match(char))
    )
