"""Seeded samples of fixed size: documents in the order of a hash, so that the order of rows does not matter."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline.duplicates.shingles import U64, hashes_of
from pipeline.language.words import PIECE

_PIECE = re.compile(PIECE)
_ENDS = 10  # characters: together no more than the 64 bytes that are hashed fast, but for the rarest scripts
_ODD = np.uint64(0x9E3779B97F4A7C15)  # a length times an odd number: every length moves the hash elsewhere


@dataclass(frozen=True, slots=True)
class TokenSample:
    """Documents of together `size` tokens, or all there are: the last text is cut after its last token that counts."""

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    tokens: tuple[tuple[str, ...], ...]
    size: int


def tokens(text: str) -> list[str]:
    """Runs of letters and digits in lower case, each Chinese character by itself; punctuation is no token.

    >>> tokens("Anna's e-mail: 你好, 3 km")
    ['anna', 's', 'e', 'mail', '你', '好', '3', 'km']
    """
    return _PIECE.findall(text.lower())


def token_samples(documents: pa.Table, size: int, seed: int) -> tuple[TokenSample, TokenSample]:
    """The sample in which copies come together, and the one of documents one by one: each sees what the other misses.

    A corpus whose every text stands twice shows in the first, however large it is; a few texts that stand a thousand
    times show in the second, as the first most often has none of them.
    """
    return token_sample(documents, size, seed), token_sample(documents, size, seed, together=False)


def token_sample(documents: pa.Table, size: int, seed: int, *, together: bool = True) -> TokenSample:
    """Documents of `size` tokens; columns `id`, `text` and, if there is one, `lineage` are read.

    Drawn in the order of a hash: `together` of the text's length and ends, a child's that of its parent's text, so that
    copies and families are drawn whole; else of the id. Given in the order of the hash of the id, copies not side by
    side.
    """
    ids = pl.Series("id", documents["id"])
    own, families = hashes_of(ids, seed), _families(documents, seed)
    rows = pl.DataFrame({"key": families if together else own, "id": ids, "family": families, "own": own})
    drawn: list[tuple[int, str, str, tuple[str, ...]]] = []
    found = 0
    for at, id_, key in rows.with_row_index("at").sort("key", "id", "family").select("at", "id", "own").iter_rows():
        text = documents["text"][at].as_py()
        here = tuple(tokens(text))
        if found + len(here) > size:
            here = here[: size - found]
            text = text[: _end(text, len(here))]
        if here:
            drawn.append((key, id_, text, here))
        found += len(here)
        if found == size:
            break
    drawn.sort()
    return TokenSample(tuple(d[1] for d in drawn), tuple(d[2] for d in drawn), tuple(d[3] for d in drawn), found)


def first(rows: pl.DataFrame, size: int, seed: int) -> pl.DataFrame:
    """The first `size` rows in hash order of their `id`; rows of one id are ordered by `text`."""
    keyed = rows.with_columns(key=pl.Series(hashes_of(rows["id"], seed)))
    if rows.height > size:  # the few are sorted, not all
        keyed = keyed.filter(pl.col("key") <= np.partition(keyed["key"].to_numpy(), size - 1)[size - 1])
    return keyed.sort("key", "id", "text").head(size).drop("key")


def sampled(rows: pl.DataFrame, size: int, seed: int) -> pl.DataFrame:
    """The rows as they are where they are no more than `size`, else the first `size` of them in hash order."""
    return rows if rows.height <= size else first(rows, size, seed)


def _families(documents: pa.Table, seed: int) -> U64:
    texts = pl.Series("text", documents["text"], dtype=pl.String)
    ends = texts.str.head(_ENDS) + texts.str.tail(_ENDS)
    keys = hashes_of(ends, seed) + texts.str.len_bytes().to_numpy().astype(np.uint64) * _ODD
    if "lineage" in documents.column_names and documents["lineage"].null_count < documents.num_rows:
        of = dict(zip(documents["id"].to_pylist(), keys.tolist(), strict=True))
        for at, lineage in enumerate(documents["lineage"].to_pylist()):
            if lineage is not None and lineage["parents"]:
                keys[at] = of.get(lineage["parents"][0], keys[at])
    return keys


def _end(text: str, count: int) -> int:
    """Where the token number `count` ends; found in the text itself, as lower case can change its length."""
    for at, match in enumerate(_PIECE.finditer(text), 1):
        if at == count:
            return match.end()
    return len(text)
