"""Near-duplicates: candidates by MinHash-LSH, every pair verified by the exact Jaccard similarity of its shingle sets.

A bucket is never compared all against all: each row is compared with the first of its bucket and with its neighbours,
and what is left is asked again after rows have dropped out. Work grows with the number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.duplicates.shingles import Shingles, runs, shingles
from pipeline.duplicates.signatures import Rows, buckets, promising, signatures

_ROUNDS = 20  # of dropping and asking again; planted corpora needed at most 6
_TRIES = 64  # rows of the other side that a row meets in one bucket
_PAIR_ELEMENTS = 4 << 20


@dataclass(frozen=True, slots=True)
class Pairs:
    """Verified pairs of rows and their Jaccard similarity, left before right in the order that was asked for."""

    left: Rows
    right: Rows
    similarity: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.left)


_NONE = Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


@dataclass(frozen=True, slots=True)
class Sketch:
    """Texts as shingle sets with their signatures."""

    sets: Shingles
    signed: NDArray[np.uint32]
    seed: int


def sketch(texts: pl.Series, seed: int = 0) -> Sketch:
    """The shingle sets and signatures of texts; one seed finds the same pairs on every machine."""
    sets = shingles(texts)
    return Sketch(sets, signatures(sets, seed), seed)


def jaccard(sets: Shingles, left: Rows, right: Rows) -> NDArray[np.float64]:
    """The exact Jaccard similarity of pairs of rows: shared shingles over all shingles of the two.

    >>> sets = shingles(pl.Series(["a b c d", "a b c e"]))
    >>> jaccard(sets, np.array([0]), np.array([1])).round(3).tolist()
    [0.333]
    """
    sizes = sets.sizes[left] + sets.sizes[right]
    shared = np.zeros(len(left), np.int64)
    for start, end in runs(sizes, _PAIR_ELEMENTS):
        pairs = np.concatenate([np.arange(end - start)] * 2)
        rows = np.concatenate([left[start:end], right[start:end]])
        lengths = sets.sizes[rows]
        ends = np.cumsum(lengths)
        at = np.arange(ends[-1]) - np.repeat(ends - lengths, lengths) + np.repeat(sets.offsets[:-1][rows], lengths)
        keys = (np.repeat(pairs, lengths).astype(np.uint64) << np.uint64(32)) | sets.hashes[at]
        keys.sort()
        twice = keys[1:][keys[1:] == keys[:-1]] >> np.uint64(32)
        shared[start:end] = np.bincount(twice.astype(np.int64), minlength=end - start)
    similarity: NDArray[np.float64] = shared / np.maximum(sizes - shared, 1)
    return similarity


def similar(found: Sketch, order: Rows, at_least: float) -> Pairs:
    """Pairs of rows whose similarity is at least that, enough to connect what is similar; not every pair of a cluster.

    `order` names the rows to look at, the one to prefer first; the result depends on it and on nothing else.
    """
    order = order[found.sets.sizes[order] > 0]
    codes = [np.empty(0, np.int64)]
    for positions, begins in buckets(found.signed, order, at_least):
        for near, far in _meetings(positions, begins):
            hopeful = promising(found.signed, order[near], order[far], at_least)
            codes.append(near[hopeful] * len(order) + far[hopeful])
        if len(codes) > 32:
            codes = [np.unique(np.concatenate(codes))]
    return _verified(found, order, np.unique(np.concatenate(codes)), at_least)


def thinned(found: Sketch, order: Rows, at_least: float) -> Pairs:
    """Which rows to drop so that no two that stay are similar: pairs of (a row that stays, a row to drop).

    Of two similar rows the earlier in `order` stays. A row is dropped only if it is itself similar to one that stays:
    nothing is chained away.
    """
    rank = np.zeros(len(found.sets.sizes), np.int64)
    rank[order] = np.arange(len(order))
    pairs, chosen, left = _NONE, np.empty(0, np.int64), order
    for _ in range(_ROUNDS):
        more = similar(found, left, at_least)
        if not len(more):
            break
        pairs = _joined([pairs, more])
        # over all pairs again: where one that stayed goes after all, what it alone had pushed out comes back
        chosen = _independent(rank[pairs.left], rank[pairs.right], pairs.similarity, len(order))
        left = order[~np.isin(order, pairs.right[chosen])]
    return Pairs(pairs.left[chosen], pairs.right[chosen], pairs.similarity[chosen])


def nearest(found: Sketch, of: Rows, among: Rows, at_least: float) -> Pairs:
    """For rows of `of` a row of `among` that is similar, where there is one: pairs of (row of `among`, row of `of`).

    A row meets at most 64 of the other side in one bucket: the work grows with the rows. What has found none is asked
    a second time with other signatures, so that of pairs at 0.5 not 4 in 1,000 are missed but 4 in 1,000 of those.
    """
    sizes = found.sets.sizes
    among, of = among[sizes[among] > 0], of[sizes[of] > 0]
    results = [_NONE]
    for again in (False, True):
        signed = signatures(found.sets, found.seed + 1) if again and len(of) else found.signed
        order, is_open = np.concatenate([among, of]), np.ones(len(sizes), np.bool_)
        for positions, begins in buckets(signed, order, at_least):
            near, far = (order[side] for side in _across(positions, begins, len(among)))
            asked = is_open[far]
            best = _best(found, signed, near[asked], far[asked], at_least)
            results.append(best)
            is_open[best.right] = False
        of = of[is_open[of]]
    return _joined(results)


def _meetings(positions: Rows, begins: Rows) -> list[tuple[Rows, Rows]]:
    """Who meets whom in the buckets of one band: each the first of its bucket, and the two before it."""
    index = np.arange(len(positions))
    met = []
    for other, new in ((begins, index > begins), (index - 1, index - 1 > begins), (index - 2, index - 2 > begins)):
        met.append((positions[other[new]], positions[index[new]]))
    return met


def _across(positions: Rows, begins: Rows, count: int) -> tuple[Rows, Rows]:
    """Pairs of (position below `count`, position at or above it) that share a bucket, at most _TRIES for each."""
    index = np.arange(len(positions))
    first = positions < count
    others = np.bincount(begins, first, len(positions)).astype(np.int64)[begins]  # of the first kind in one's bucket
    asking = index[~first & (others > 0)]
    tries = np.minimum(others[asking], _TRIES)
    turn = np.arange(tries.sum()) - np.repeat(np.cumsum(tries) - tries, tries)
    asking = np.repeat(asking, tries)
    # one begins where its own place in the bucket says, so that together they meet more than the first 64
    met = begins[asking] + (asking - begins[asking] + turn) % others[asking]
    return positions[met], positions[asking]


def _joined(parts: list[Pairs]) -> Pairs:
    left, right, similarity = (
        np.concatenate([getattr(p, name) for p in parts]) for name in ("left", "right", "similarity")
    )
    return Pairs(left, right, similarity)


def _best(found: Sketch, signed: NDArray[np.uint32], near: Rows, far: Rows, at_least: float) -> Pairs:
    """Of verified pairs the most similar for each row of `far`."""
    hopeful = promising(signed, near, far, at_least)
    near, far = near[hopeful], far[hopeful]
    similarity = jaccard(found.sets, near, far)
    order = np.lexsort((near, -similarity, far))
    order = order[similarity[order] >= at_least]
    order = order[np.unique(far[order], return_index=True)[1]]
    return Pairs(near[order], far[order], similarity[order])


def _verified(found: Sketch, order: Rows, codes: Rows, at_least: float) -> Pairs:
    left, right = order[codes // max(len(order), 1)], order[codes % max(len(order), 1)]
    similarity = jaccard(found.sets, left, right)
    good = similarity >= at_least
    return Pairs(left[good], right[good], similarity[good])


def _independent(left: Rows, right: Rows, similarity: NDArray[np.float64], count: int) -> Rows:
    """Indices of pairs (stays, goes): a node stays if none before it that stays is linked to it; `left` < `right`.

    In rounds: what has no open earlier neighbour stays, its later neighbours go.
    """
    chosen: list[Rows] = []
    state = np.zeros(count, np.int8)  # 0 open, 1 stays, 2 goes
    edges = np.lexsort((left, -similarity, right))
    while len(edges):
        waiting = np.zeros(count, np.bool_)
        waiting[right[edges]] = True
        stays = left[edges][~waiting[left[edges]]]
        state[stays] = 1
        goes = edges[state[left[edges]] == 1]
        goes = goes[np.unique(right[goes], return_index=True)[1]]
        chosen.append(goes)
        state[right[goes]] = 2
        edges = edges[(state[left[edges]] == 0) & (state[right[edges]] == 0)]
    return np.concatenate([np.empty(0, np.int64), *chosen])
