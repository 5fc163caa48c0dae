"""Which n-grams of a text occur more than once, for many texts at a time: hashes in NumPy and Polars, no Python loop.

An n-gram's hash is a difference of prefix sums, so every length costs the same. A longer n-gram can only be repeated
where the shorter one at its place is: each length looks only at what the one before left over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pipeline.language.words import PIECE

if TYPE_CHECKING:
    import polars as pl

Ints = npt.NDArray[Any]

_BASE = 0x9E3779B97F4A7C15  # odd: it has an inverse modulo 2**64
_CHUNK = 2_000_000  # bytes of text at a time: 20 MB of arrays, and most of them stay in the cache


@dataclass(frozen=True, slots=True)
class Pieces:
    """The pieces of many texts, one after another. `ends[i]` is where the text of piece `i` ends, `at` the text's
    number; `lengths` has the characters before each piece, and before the end."""

    hashes: Ints
    ends: Ints
    at: Ints
    before: Ints
    rows: int

    def characters(self) -> Ints:
        """Characters in the pieces of each text."""
        return np.bincount(self.at, weights=np.diff(self.before), minlength=self.rows)


def chunks(texts: pl.Series) -> Iterator[pl.Series]:
    """The texts in slices of about 2 MB."""
    size = texts.str.len_bytes().cum_sum().to_numpy()
    start = 0
    while start < len(texts):
        stop = int(np.searchsorted(size, (size[start - 1] if start else 0) + _CHUNK, side="right"))
        stop = max(stop, start + 1)
        yield texts[start:stop]
        start = stop


def pieces(texts: pl.Series, at_least: int) -> Pieces:
    """The pieces of texts; texts with fewer than `at_least` of them give none."""
    import polars as pl

    found = texts.str.extract_all(PIECE)
    counts = found.list.len().to_numpy()
    enough = counts >= at_least
    flat = found.filter(pl.Series(enough)).explode(empty_as_null=False)
    counts = np.where(enough, counts, 0).astype(np.int64)
    return Pieces(
        hashes=flat.hash().to_numpy(),
        ends=np.repeat(counts.cumsum(), counts),
        at=np.repeat(np.arange(len(counts)), counts),
        before=np.concatenate([[0], flat.str.len_chars().to_numpy().astype(np.int64).cumsum()]),
        rows=len(counts),
    )


def repeats(found: Pieces, sizes: Iterable[int]) -> Iterator[tuple[int, Ints, Ints]]:
    """For each size: the size, the places of n-grams that occur more than once in their text, and their hashes, which
    differ between texts. Sizes come in rising order."""
    import polars as pl

    n = len(found.hashes)
    with np.errstate(over="ignore"):
        powers = np.full(n, _BASE, np.uint64).cumprod()
        inverse = np.full(n, pow(_BASE, -1, 2**64), np.uint64).cumprod()
        sums = np.concatenate([np.zeros(1, np.uint64), (found.hashes * powers).cumsum()])
        salts = pl.Series(np.arange(found.rows)).hash().to_numpy()
        places = np.arange(n)
        for size in sizes:
            places = places[places + size <= found.ends[places]]
            hashes = (sums[places + size] - sums[places]) * inverse[places] + salts[found.at[places]]
            again = pl.Series(hashes).is_duplicated().to_numpy()
            places = places[again]
            yield size, places, hashes[again]


def top_characters(found: Pieces, size: int, places: Ints, hashes: Ints) -> Ints:
    """For each text: characters in all occurrences of the n-gram for which they are most."""
    import polars as pl

    frame = pl.DataFrame({"hash": hashes, "place": places})
    groups = frame.group_by("hash").agg(pl.len().alias("n"), pl.col("place").first())
    first = groups["place"].to_numpy()
    characters = groups["n"].to_numpy() * (found.before[first + size] - found.before[first])
    most = np.zeros(found.rows, np.int64)
    np.maximum.at(most, found.at[first], characters)
    return most


def repeated_characters(found: Pieces, size: int, places: Ints, hashes: Ints) -> Ints:
    """For each text: characters in n-grams that stood before in it, each character once."""
    import polars as pl

    later = places[~pl.Series(hashes).is_first_distinct().to_numpy()]
    ends = np.minimum(later + size, np.append(later[1:], len(found.hashes)))
    covered = found.before[ends] - found.before[later]
    return np.bincount(found.at[later], weights=covered, minlength=found.rows)
