"""Words that another one can take the place of without a mention coming or going, and how it is written there."""

from __future__ import annotations

import re

from pipeline.augmentation._eligible import eligible
from pipeline.types import Document, Range

_HEAD = re.compile(r"""(?:^|[.!?:…][\s"'”’)\]]*)["'“‘(\[]*$""")


def common_words(doc: Document, chars: int = 1) -> list[Range]:
    """Eligible words of letters alone, in small letters or at the head of a sentence: a capital elsewhere is a name's.

    >>> doc = Document("a", "Cats met Tom. DOGS didn't!", "en")
    >>> [doc.text[a:b] for a, b in common_words(doc)]
    ['Cats', 'met']
    """
    found = []
    for start, end in eligible(doc, chars):
        word = doc.text[start:end]
        if word.isalpha() and (word.islower() or (word[1:].islower() and _HEAD.search(doc.text, 0, start))):
            found.append((start, end))
    return found


def cased(new: str, like: str) -> str:
    """`new` with a capital where `like` has one.

    >>> cased("dogs", "Cats")
    'Dogs'
    """
    return new[:1].upper() + new[1:] if like[:1].isupper() else new
