"""The training documents that others are mixed with: a draw that does not depend on their order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from heapq import nsmallest

from pipeline.types import Document

MOST = 4096  # documents that are kept: of sentences, about five megabytes

Kind = tuple[str, str | None, bool]


def kind(doc: Document) -> Kind:
    """What two documents must have in common to be mixed: language, label, and whether they are annotated."""
    return doc.language, doc.label, doc.spans is None


def partners(train: Iterable[Document], most: int = MOST) -> Mapping[Kind, tuple[Document, ...]]:
    """At most `most` documents by kind, each kind in the order of a hash of the id.

    Where there are more, every kind keeps its first so many, so that a rare label keeps all of its few.

    >>> found = partners([Document("a", "x", label="good"), Document("b", "y", label="bad")])
    >>> [[doc.id for doc in found["", label, True]] for label in ("bad", "good")]
    [['b'], ['a']]
    """
    found: dict[Kind, list[tuple[bytes, str, Document]]] = {}
    for doc in train:
        own = found.setdefault(kind(doc), [])
        hashed = hashlib.blake2b(doc.id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        own.append((hashed, doc.id, doc))
        if len(own) >= 2 * most:
            own[:] = nsmallest(most, own, key=_first)
    ranked = [
        (rank, *_first(entry), name, entry[2])
        for name, own in found.items()
        for rank, entry in enumerate(sorted(own, key=_first))
    ]
    kept: dict[Kind, list[Document]] = {}
    for *_, name, doc in nsmallest(most, ranked, key=lambda entry: entry[:3]):
        kept.setdefault(name, []).append(doc)
    return {name: tuple(docs) for name, docs in kept.items()}


def _first(entry: tuple[bytes, str, Document]) -> tuple[bytes, str]:
    return entry[:2]
