"""Formulas of diversity: on token lists and texts, without limits. A number that cannot be measured is None."""

from __future__ import annotations

import lzma
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.language.baselines import SEED, TOKENS
from pipeline.quality._features import features
from pipeline.quality._sample import TokenSample, first, token_samples

Documents = Sequence[Sequence[str]]
Gram = tuple[str, ...]
VENDI_SAMPLE = 1500
_FACTOR = 72  # percent: the type-token ratio under which a factor of MTLD is complete


def ngrams(tokens: Sequence[str], n: int) -> Iterable[Gram]:
    """The n-grams of one document; none reaches into the next."""
    return zip(*(tokens[at:] for at in range(n)), strict=False)


def distinct_n(documents: Documents, n: int) -> float | None:
    """Different n-grams / all n-grams, 0 to 1 (Li et al. 2016)."""
    counts = Counter(chain.from_iterable(ngrams(d, n) for d in documents))
    return len(counts) / counts.total() if counts else None


def mtld(tokens: Sequence[str]) -> float | None:
    """Measure of textual lexical diversity, in tokens: the mean of both directions (McCarthy and Jarvis 2010).

    The mean length of a stretch whose type-token ratio has not fallen under 0.72. None where no token repeats.
    """
    ways = [_factors(tokens), _factors(tokens[::-1])]
    return sum(len(tokens) / f for f in ways) / 2 if all(ways) else None


def _factors(tokens: Sequence[str]) -> float:
    factors, types, length = 0, set[str](), 0
    for token in tokens:
        types.add(token)
        length += 1
        if 100 * len(types) < _FACTOR * length:
            factors, types, length = factors + 1, set(), 0
    rest = (1 - len(types) / length) / (1 - _FACTOR / 100) if length else 0
    return factors + rest


def self_repetition(documents: Documents, n: int = 4) -> float | None:
    """Share (0 to 1) of documents that share an n-gram with another, of those that have one (Salkar et al. 2022)."""
    own = [set(grams) for grams in (ngrams(d, n) for d in documents)]
    own = [grams for grams in own if grams]
    counts = Counter(chain.from_iterable(own))
    return sum(any(counts[g] > 1 for g in grams) for grams in own) / len(own) if own else None


def xz_ratio(texts: Sequence[str]) -> float | None:
    """Bytes / bytes after xz, preset 6: its window of 8 MiB sees the whole sample, gzip's of 32 KiB does not."""
    data = "\n".join(texts).encode()
    return len(data) / len(lzma.compress(data, preset=6)) if data else None


def vendi(matrix: Any) -> float | None:
    """The effective number of different rows, 1 to n (Friedman and Dieng 2023), with a linear kernel.

    exp of the entropy of the eigenvalues of K / n; those of the d x d Gram of unit rows are the same, without zeros.
    """
    import numpy as np

    lengths = np.linalg.norm(matrix, axis=1)
    rows = matrix[lengths > 0].astype(np.float64) / lengths[lengths > 0][:, None]
    if not len(rows):
        return None
    values = np.linalg.eigvalsh(rows.T @ rows / len(rows))
    values = values[values > 1e-12]
    return float(np.exp(-(values * np.log(values)).sum()))


def most_repeating(sample: TokenSample, n: int, count: int) -> list[str]:
    """Ids of the documents whose n-grams stand in other places of the sample too, most first.

    By repeated² / all n-grams of the document: a long one that is repeated whole comes before a short one.
    """
    counts = Counter(chain.from_iterable(ngrams(d, n) for d in sample.tokens))
    scores = []
    for id_, document in zip(sample.ids, sample.tokens, strict=True):
        grams = list(ngrams(document, n))
        repeated = sum(counts[g] > 1 for g in grams)
        if repeated:
            scores.append((-(repeated**2) / len(grams), id_))
    return [id_ for _, id_ in sorted(scores)[:count]]


def measured(documents: pa.Table, language: str) -> dict[str, float]:
    """Every number of diversity of the documents of one language, with the sizes it was measured at.

    What a release stores, by language, as `baselines.json`. `tokens` is 100,000, or all there are; `vendi_documents`
    is 1,500, or all there are. Of two samples (pipeline/quality/_sample.py) the worse number counts, as it does for the
    gates. A number that cannot be measured is left out.
    """
    import polars as pl

    own = documents.filter(pc.equal(documents["language"], language))
    samples = token_samples(own, TOKENS, SEED)
    rows = first(pl.DataFrame(own.select(["id", "text"])), VENDI_SAMPLE, SEED)
    numbers = {
        "tokens": float(samples[0].size),
        **{f"distinct_{n}": _worse(min, [distinct_n(s.tokens, n) for s in samples]) for n in (1, 2, 3, 4)},
        "mtld": _worse(min, [mtld(list(chain.from_iterable(s.tokens))) for s in samples]),
        "self_repetition": _worse(max, [self_repetition(s.tokens) for s in samples]),
        "xz_ratio": _worse(max, [xz_ratio(s.texts) for s in samples]),
        "vendi_documents": float(rows.height),
        "vendi": vendi(features(tuple(rows["text"]), "ngrams")) if rows.height > 1 else None,
    }
    return {name: round(number, 4) for name, number in numbers.items() if number is not None}


def _worse(of: Callable[[list[float]], float], numbers: list[float | None]) -> float | None:
    found = [n for n in numbers if n is not None]
    return of(found) if found else None
