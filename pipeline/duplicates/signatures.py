"""MinHash signatures (Broder 1997) of shingle sets, and which rows fall into one bucket.

Two sets of Jaccard similarity J agree in one place of their signatures with probability J. A band is a few places; two
rows that agree in all places of a band share a bucket there.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.shingles import Shingles, runs

PLACES = 128
RECALL = 0.995  # of pairs exactly at the threshold; above it more
_CHUNK = 1 << 15  # shingles at a time: 128 KB, twice, stay in the nearest caches
_SIGMAS = 4  # an estimate this far below the threshold is not verified: 1 in 30,000 such pairs would have reached it

Rows = NDArray[np.int64]


def signatures(sets: Shingles, seed: int) -> NDArray[np.uint32]:
    """(rows, 128): the smallest of the row's hashes under each of 128 permutations of 32 bits. Empty rows have zeros.

    A permutation is `(x xor b) * a` modulo 2^32 with a odd: it keeps apart what is apart, and SIMD does 16 at a time.
    """
    rng = np.random.default_rng(seed)
    flip = rng.integers(0, 1 << 32, PLACES, dtype=np.uint32)
    scale = rng.integers(0, 1 << 32, PLACES, dtype=np.uint32) | np.uint32(1)
    rows = np.flatnonzero(sets.sizes)
    made = np.zeros((len(sets.sizes), PLACES), np.uint32)
    starts = sets.offsets[:-1][rows]
    for first, last in runs(sets.sizes[rows], _CHUNK):
        low, high = starts[first], starts[last] if last < len(rows) else len(sets.hashes)
        hashes, bounds = sets.hashes[low:high], starts[first:last] - low
        work = np.empty_like(hashes)
        part = np.empty((PLACES, last - first), np.uint32)
        for place in range(PLACES):
            np.bitwise_xor(hashes, flip[place], out=work)
            np.multiply(work, scale[place], out=work)
            np.minimum.reduceat(work, bounds, out=part[place])
        made[rows[first:last]] = part.T
    return made


def banding(at_least: float) -> tuple[int, int]:
    """(bands, places a band): the longest bands that still find 99.5 % of the pairs at the threshold.

    >>> banding(0.8), banding(0.5)
    ((21, 6), (42, 3))
    """
    for places in range(PLACES, 1, -1):
        bands = PLACES // places
        if 1 - (1 - at_least**places) ** bands >= RECALL:
            return bands, places
    return PLACES, 1


def buckets(signed: NDArray[np.uint32], rows: Rows, at_least: float) -> Iterator[tuple[Rows, Rows]]:
    """Band by band: (positions in `rows` that share a bucket with another, bucket by bucket; where each's begins).

    Inside a bucket the order is that of `rows`. The second array has, for each position, the index of its bucket's
    first in the first array.
    """
    if not len(rows):
        return
    bits = len(rows).bit_length()
    mask = np.uint64((1 << bits) - 1)
    index = np.arange(len(rows), dtype=np.uint64)
    for band in range(banding(at_least)[0]):
        keys = _band_keys(signed, rows, band, banding(at_least)[1])
        both = (keys & ~mask) | index  # one sort of numbers instead of a slower one of keys with their places
        both.sort()
        keys = both & ~mask
        same = keys[1:] == keys[:-1]
        shared = np.concatenate([[False], same]) | np.concatenate([same, [False]])
        keys, positions = keys[shared], (both[shared] & mask).astype(np.int64)
        if len(positions):
            begins = np.concatenate([[True], keys[1:] != keys[:-1]])
            yield positions, np.maximum.accumulate(np.where(begins, np.arange(len(keys)), 0))


def promising(signed: NDArray[np.uint32], left: Rows, right: Rows, at_least: float) -> NDArray[np.bool_]:
    """Which pairs of rows have signatures that agree in so many places that they may be similar."""
    slack = _SIGMAS * float(np.sqrt(at_least * (1 - at_least) / PLACES))
    enough = max(1, int(np.ceil((at_least - slack) * PLACES)))
    agree = np.empty(len(left), np.int64)
    for at in range(0, len(left), _CHUNK):
        pair = slice(at, at + _CHUNK)
        agree[pair] = np.count_nonzero(signed[left[pair]] == signed[right[pair]], axis=1)
    found: NDArray[np.bool_] = agree >= enough
    return found


def _band_keys(signed: NDArray[np.uint32], rows: Rows, band: int, places: int) -> NDArray[np.uint64]:
    keys = np.full(len(rows), band + 1, np.uint64)
    for place in range(band * places, (band + 1) * places):
        keys = (keys ^ signed[rows, place]) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(29)
    keys *= np.uint64(0xC4CEB9FE1A85EC53)
    return keys
