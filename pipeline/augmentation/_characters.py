"""Chinese characters of a text replaced by others of the training documents, drawn by how often they are used."""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate
from random import Random

from pipeline.augmentation import Made, Refused, pieces_of
from pipeline.augmentation._eligible import eligible_characters
from pipeline.language import zh
from pipeline.types import Document, Edit

_HAN = re.compile(zh.SCRIPT)


def counted(train: Iterable[Document]) -> Counter[str]:
    """Every Chinese character of the Chinese documents, and how often it stands there."""
    counts = Counter[str]()
    for doc in train:
        if doc.language == zh.CODE:
            counts.update(doc.text)
    return Counter({char: n for char, n in counts.items() if _HAN.match(char)})


def commonest(counts: Counter[str], most: int) -> dict[str, int]:
    """The commonest characters and their counts; no negation: put into a text it says the opposite."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {char: n for char, n in ranked[:most] if char not in zh.NEGATIONS}


class Drawn:
    """Characters to draw from, each as often as it is used.

    >>> Drawn({"再": 3, "在": 9}).other("在", Random(1))
    '再'
    """

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.chars = sorted(counts)
        self._at = {char: n for n, char in enumerate(self.chars)}
        self._totals = list(accumulate(counts[char] for char in self.chars))

    def other(self, char: str, rng: Random) -> str | None:
        """One of them that is not `char`; None where there is none. Takes one number of the generator."""
        total = self._totals[-1] if self._totals else 0
        at = self._at.get(char)
        first = self._totals[at - 1] if at else 0
        own = self._totals[at] - first if at is not None else 0
        if total == own:
            return None
        turn = int(rng.random() * (total - own))
        return self.chars[bisect(self._totals, turn + own if own and turn >= first else turn)]


def replaced(doc: Document, rng: Random, share: float, other: Callable[[int, Random], str | None], why: str) -> Made:
    """The document with a share of its characters outside of mentions replaced, at least one.

    `other(at, rng)` is what comes in the place of the character at an offset; None where that one stays.
    """
    places = eligible_characters(doc)
    if not places:
        raise Refused("there is no Chinese character outside of mentions")
    wanted = max(1, round(len(places) * share))
    edits: list[Edit] = []
    while places and len(edits) < wanted:
        n = int(rng.random() * len(places))
        start, end = places[n]
        places[n] = places[-1]  # drawn once only; the order does not matter
        places.pop()
        char = other(start, rng)
        if char is not None:
            edits.append(Edit(start, end, char))
    if not edits:
        raise Refused(why)
    return Made(pieces_of(len(doc.text), edits))
