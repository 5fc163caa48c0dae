"""Texts as sets of shingles: runs of three words, or of five characters where a script has no spaces.

Everything here is flat arrays: tokens by one Polars expression, the rest NumPy, nothing row by row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

# A Chinese character is a token, and so is a run of other letters and digits.
PATTERN = r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+"

# A shingle ends as soon as its tokens weigh 15: three words of 5, five characters of 3, or what lies between in mixed
# text. The rule looks at the tokens alone, so one inserted English word changes the shingles around it and no others.
_WORD, _CHARACTER, _FULL = 5, 3, 15
_LONGEST = 5  # tokens of a shingle
_CHUNK_ROWS, _CHUNK_BYTES = 50_000, 4 << 20
_WORD_BYTES, _LONG_TOKEN = 8, 64

U64 = NDArray[np.uint64]
_MIX_1, _MIX_2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)  # MurmurHash3's 64-bit finalizer
_SHIFT = np.uint64(33)
# odd multipliers that make a shingle's hash depend on the order of its tokens: digits of the golden ratio and of pi
_PLACES = np.array(
    [0x9E3779B97F4A7C15, 0x3243F6A8885A308D, 0x13198A2E03707345, 0xA4093822299F31D1, 0x082EFA98EC4E6C89], np.uint64
)


@dataclass(frozen=True, slots=True)
class Shingles:
    """The set of each text, sorted, one after another: row r has `hashes[offsets[r] : offsets[r + 1]]`.

    32 bits a shingle: two different ones of two texts of 1,000 shingles fall together in 1 of 4,000 pairs.
    """

    hashes: NDArray[np.uint32]
    offsets: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Shingles of each row; 0 for a text without a letter or digit."""
        return np.diff(self.offsets)


def shingles(texts: pl.Series) -> Shingles:
    """The shingles of every text, without regard to case and punctuation. A text of fewer tokens is one shingle.

    >>> shingles(pl.Series(["Anna met Bo in Rome.", "anna met bo", "你好世界", "!"])).sizes.tolist()
    [3, 1, 1, 0]
    """
    flat, sizes = [np.empty(0, np.uint32)], [np.zeros(1, np.int64)]
    for chunk in _chunks(texts):
        tokens = chunk.str.to_lowercase().str.extract_all(PATTERN).to_arrow()
        hashes, rows = _hashed(*_token_hashes(tokens.flatten()), np.asarray(tokens.offsets, np.int64))
        flat.append(hashes)
        sizes.append(np.bincount(rows, minlength=len(chunk)))
    return Shingles(np.concatenate(flat), np.cumsum(np.concatenate(sizes)))


def _chunks(texts: pl.Series) -> Iterator[pl.Series]:
    """Rows together until they have about four megabytes, so that the arrays stay near the processor."""
    for at in range(0, len(texts), _CHUNK_ROWS):
        rows = texts.slice(at, _CHUNK_ROWS)
        lengths = rows.str.len_bytes().to_numpy().astype(np.int64)
        for start, end in runs(lengths, _CHUNK_BYTES):
            yield rows.slice(start, end - start)


def runs(sizes: NDArray[np.int64], limit: int) -> Iterator[tuple[int, int]]:
    """Rows together, first and last + 1, until they have about `limit` of what `sizes` counts.

    >>> list(runs(np.array([3, 3, 9, 1]), 6))
    [(0, 2), (2, 3), (3, 4)]
    """
    if len(sizes):
        piece = (np.cumsum(sizes) - sizes) // limit
        yield from pairwise([0, *(np.flatnonzero(np.diff(piece)) + 1).tolist(), len(sizes)])


def _token_hashes(values: pa.Array) -> tuple[U64, NDArray[np.bool_]]:
    """(64-bit hash of every token, whether it is a Chinese character). The same on every machine."""
    _, offsets, data = values.buffers()
    bounds = np.frombuffer(offsets, np.int64)[values.offset : values.offset + len(values) + 1]
    if len(values) == 0 or bounds[-1] == bounds[0]:
        return np.empty(0, np.uint64), np.empty(0, np.bool_)
    raw = np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]]
    starts, lengths = bounds[:-1] - bounds[0], np.diff(bounds)
    padded = np.concatenate([raw, np.zeros(_WORD_BYTES, np.uint8)])
    words = np.ndarray(len(raw), "<u8", padded.data, strides=(1,))  # the eight bytes from every byte on
    hashes = lengths.astype(np.uint64) * _PLACES[0]
    todo = np.flatnonzero(lengths <= _LONG_TOKEN)
    for at in range(0, _LONG_TOKEN, _WORD_BYTES):
        todo = todo[lengths[todo] > at]
        left = np.minimum(lengths[todo] - at, _WORD_BYTES).astype(np.uint64)
        cut = np.uint64(64) - np.uint64(8) * left
        word = words[starts[todo] + at] << cut  # little endian: the bytes after the token's end are shifted out
        hashes[todo] = _mixed(hashes[todo] ^ word)
    for i in np.flatnonzero(lengths > _LONG_TOKEN):
        token = raw[starts[i] : starts[i] + lengths[i]].tobytes()
        hashes[i] = int.from_bytes(hashlib.blake2b(token, digest_size=8).digest(), "little")
    first = padded[starts]
    second = padded[starts + 1]
    chinese = (lengths == 3) & ((first > 0xE3) & (first <= 0xE9) | (first == 0xE3) & (second >= 0x90))
    return hashes, chinese


def hashes_of(strings: pl.Series, seed: int) -> U64:
    """64 bits of every string, the same on every machine; fast up to 64 bytes.

    >>> hashes_of(pl.Series(["a", "b", "a"]), 1).argsort(kind="stable").tolist()
    [1, 0, 2]
    """
    found, _ = _token_hashes(strings.to_arrow())
    if not len(found):
        found = np.zeros(len(strings), np.uint64)
    return _mixed(found ^ _mixed(np.full(1, seed, np.uint64)))


def _hashed(tokens: U64, chinese: NDArray[np.bool_], offsets: NDArray[np.int64]) -> tuple[NDArray[np.uint32], U64]:
    """(shingle hashes, sorted and unique within each row; their rows)."""
    offsets = offsets - offsets[0]
    count = len(tokens)
    if count == 0:
        return np.empty(0, np.uint32), np.empty(0, np.uint64)
    rows = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    left = offsets[1:][rows] - np.arange(count)  # tokens from here to the row's end
    weights = np.where(chinese, _CHARACTER, _WORD)
    padded = np.concatenate([tokens, np.zeros(_LONGEST, np.uint64)])
    heavy = np.concatenate([weights, np.zeros(_LONGEST, np.int64)])
    total, weight = np.zeros(count, np.uint64), np.zeros(count, np.int64)
    for place in range(_LONGEST):
        part = padded[place : place + count] * _PLACES[place]
        goes_on = (weight < _FULL) & (left > place)
        total += np.where(goes_on, part, np.uint64(0))
        weight += np.where(goes_on, heavy[place : place + count], 0)
    whole = (weight >= _FULL) | (left == np.diff(offsets)[rows])  # a text that is shorter is one shingle
    keys = (rows[whole].astype(np.uint64) << np.uint64(32)) | (_mixed(total[whole]) >> np.uint64(32))
    keys.sort()
    keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])]
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.uint32), keys >> np.uint64(32)


def _mixed(values: U64) -> U64:
    values = (values ^ (values >> _SHIFT)) * _MIX_1
    values = (values ^ (values >> _SHIFT)) * _MIX_2
    return values ^ (values >> _SHIFT)
