"""Seeded samples of fixed size: documents in the order of a hash, so that the order of rows does not matter."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from pipeline.language.words import PIECE

_PIECE = re.compile(PIECE)


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

    Drawn in the order of a hash: `together` of the text, a child's that of its parent's text, so that copies and
    families are drawn whole; else of the id. Given in the order of the hash of the id, copies not side by side.
    """
    ids = documents["id"].to_pylist()
    families = _families(documents, seed)
    keys = families if together else [_key(i, seed) for i in ids]
    drawn: list[tuple[int, str, str, tuple[str, ...]]] = []
    found = 0
    for at in sorted(range(len(ids)), key=lambda at: (keys[at], ids[at], families[at])):
        id_, text = ids[at], documents["text"][at].as_py()
        here = tuple(tokens(text))
        if found + len(here) > size:
            here = here[: size - found]
            text = text[: _end(text, len(here))]
        if here:
            drawn.append((_key(id_, seed), id_, text, here))
        found += len(here)
        if found == size:
            break
    drawn.sort()
    return TokenSample(tuple(d[1] for d in drawn), tuple(d[2] for d in drawn), tuple(d[3] for d in drawn), found)


def first(rows: pl.DataFrame, size: int, seed: int) -> pl.DataFrame:
    """The first `size` rows in hash order of their `id`; rows of one id are ordered by `text`."""
    keyed = rows.with_columns(key=pl.Series([_key(i, seed) for i in rows["id"]], dtype=pl.UInt64))
    return keyed.sort("key", "id", "text").head(size).drop("key")


def _families(documents: pa.Table, seed: int) -> list[int]:
    keys: list[int] = []
    for chunk in documents["text"].chunks:
        keys += [_key(text, seed) for text in chunk.to_pylist()]
    if "lineage" in documents.column_names and documents["lineage"].null_count < documents.num_rows:
        of = dict(zip(documents["id"].to_pylist(), keys, strict=True))
        for at, lineage in enumerate(documents["lineage"].to_pylist()):
            if lineage is not None and lineage["parents"]:
                keys[at] = of.get(lineage["parents"][0], keys[at])
    return keys


def _key(text: str, seed: int) -> int:
    hashed = hashlib.blake2b(f"{seed}\0{text}".encode(), digest_size=8)
    return int.from_bytes(hashed.digest(), "big")


def _end(text: str, count: int) -> int:
    """Where the token number `count` ends; found in the text itself, as lower case can change its length."""
    for at, match in enumerate(_PIECE.finditer(text), 1):
        if at == count:
            return match.end()
    return len(text)
