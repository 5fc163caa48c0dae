"""Neighbouring characters: how likely a text is after others, and which label its pairs of characters speak for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.quality._features import CHARACTERS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_WEIGHT = 20.0  # of the single characters against the pairs, in pairs


def pairs_of(texts: list[str]) -> tuple[Ints, Ints]:
    """The pairs of neighbouring characters of all texts as one number each, and the text that each stands in."""
    cut = [text[:CHARACTERS] for text in texts]
    letters = np.frombuffer("".join(cut).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)
    owner = np.repeat(np.arange(len(cut)), [len(text) for text in cut])
    inside = owner[1:] == owner[:-1]
    return (letters[:-1] * 2**21 + letters[1:])[inside], owner[1:][inside]


@dataclass(frozen=True, slots=True)
class Pairs:
    """How often pairs of characters, and characters, stand in some texts."""

    pairs: Ints
    counts: Floats
    letters: Ints
    letter_counts: Floats

    @classmethod
    def of(cls, texts: list[str]) -> Pairs:
        """Counted."""
        codes, _ = pairs_of(texts)
        pairs, counts = np.unique(codes, return_counts=True)
        letters, letter_counts = np.unique(codes % 2**21, return_counts=True)
        return cls(pairs, counts.astype(float), letters, letter_counts.astype(float))

    def surprise(self, texts: list[str]) -> Floats:
        """Bits a character of each text: the mean of -log2 p(character | the one before); NaN for under 2 characters.

        The pairs' shares with the characters' own behind them, which count as much as 20 pairs; one that was never
        seen counts as seen once.
        """
        codes, owner = pairs_of(texts)
        single = (_found(self.letters, self.letter_counts, codes % 2**21) + 1) / (self.letter_counts.sum() + 2**16)
        before = _found(self.letters, self.letter_counts, codes // 2**21)
        chance = (_found(self.pairs, self.counts, codes) + _WEIGHT * single) / (before + _WEIGHT)
        sums = np.bincount(owner, -np.log2(chance), len(texts))
        sizes = np.bincount(owner, minlength=len(texts))
        mean: Floats = np.divide(sums, sizes, out=np.full(len(texts), np.nan), where=sizes > 0)
        return mean


@dataclass(frozen=True, slots=True)
class Classifier:
    """Naive Bayes over which pairs of characters stand in a text."""

    labels: list[str]
    pairs: Ints
    weights: Floats  # labels x pairs
    prior: Floats

    @classmethod
    def of(cls, texts: list[str], labels: list[str]) -> Classifier:
        """Fitted; of pairs in one text only nothing is learnt."""
        names, classes = np.unique(np.array(labels), return_inverse=True)
        codes, owner = _once(*pairs_of(texts))
        pairs, at, counts = np.unique(codes, return_inverse=True, return_counts=True)
        found = np.zeros((len(names), len(pairs)))
        np.add.at(found, (classes[owner], at), 1)
        found, pairs = found[:, counts > 1], pairs[counts > 1]
        sizes = np.bincount(classes, minlength=len(names)).astype(float)
        return cls(names.tolist(), pairs, np.log((found + 0.5) / (sizes[:, None] + 1)), np.log(sizes / sizes.sum()))

    def label(self, texts: list[str]) -> list[str]:
        """The likeliest label of each text."""
        codes, owner = _once(*pairs_of(texts))
        at, known = _places(self.pairs, codes)
        scores = [np.bincount(owner[known], row[at[known]], len(texts)) for row in self.weights]
        best = (np.array(scores) + self.prior[:, None]).argmax(0)
        return [self.labels[n] for n in best]


def kappa(left: list[str], right: list[str]) -> float | None:
    """Cohen's kappa of two labellings, -1 to 1 (Cohen 1960); None where both say one and the same throughout."""
    names = sorted({*left, *right})
    a, b = (np.array([names.index(x) for x in side]) for side in (left, right))
    by_chance = sum(float((a == n).mean() * (b == n).mean()) for n in range(len(names)))
    return None if by_chance == 1 else float(((a == b).mean() - by_chance) / (1 - by_chance))


def _once(codes: Ints, owner: Ints) -> tuple[Ints, Ints]:
    """Each pair once a text."""
    order = np.lexsort((codes, owner))
    codes, owner = codes[order], owner[order]
    new = np.ones(len(codes), bool)
    new[1:] = (codes[1:] != codes[:-1]) | (owner[1:] != owner[:-1])
    return codes[new], owner[new]


def _places(keys: Ints, codes: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Where each code stands among sorted keys, and whether it does."""
    at: Any = np.searchsorted(keys, codes).clip(max=max(len(keys) - 1, 0))
    return at, (keys[at] == codes) if len(keys) else np.zeros(len(codes), bool)


def _found(keys: Ints, counts: Floats, codes: Ints) -> Floats:
    at, known = _places(keys, codes)
    return np.where(known, counts[at], 0.0) if len(keys) else np.zeros(len(codes))
