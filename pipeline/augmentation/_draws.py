"""A generator of random numbers that costs little to seed: every document has its own."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from random import Random
from struct import Struct

import numpy as np
from numpy.typing import NDArray

_UNIT = 2.0**-53
_words = Struct("<8Q").unpack


class Draws(Random):
    """The numbers are BLAKE2b's of the seed and a counter, eight of 64 bits at a time.

    `random.Random` fills 624 words for a seed, which takes as long as a third of all else that a child costs.

    >>> [Draws("a|b").randrange(10), Draws("a|b").randrange(10), Draws("a|c").randrange(10)]
    [5, 5, 8]
    """

    _key: bytes
    _count: int
    _left: list[int]

    def seed(self, a: object = None, version: int = 2) -> None:
        """Begin with what `a` is as text."""
        self._key, self._count, self._left = str(a).encode("utf-8", "surrogatepass"), 0, []

    def random(self) -> float:
        """A number of [0, 1)."""
        return ((self._left or self._more()).pop() >> 11) * _UNIT

    def _randbelow(self, n: int) -> int:
        """A whole number of [0, n): what `choice`, `randrange`, `sample` and `shuffle` draw with."""
        return (self._left or self._more()).pop() * n >> 64

    def getrandbits(self, k: int) -> int:
        """A whole number of `k` bits."""
        bits = 0
        for _ in range(0, k, 64):
            bits = bits << 64 | (self._left or self._more()).pop()
        return bits >> (-k % 64)

    def _more(self) -> list[int]:
        self._count += 1
        self._left = [*_words(_block(self._key, self._count))]
        return self._left


def blocks(seeds: Sequence[str]) -> NDArray[np.uint64]:
    """Shape (seeds, 8): the numbers that generators with these seeds draw first, the last one first of all."""
    drawn = b"".join([_block(seed.encode("utf-8", "surrogatepass"), 1) for seed in seeds])
    return np.frombuffer(drawn, "<u8").reshape(-1, 8)


def _block(key: bytes, count: int) -> bytes:
    return blake2b(key, salt=count.to_bytes(16, "little")).digest()
