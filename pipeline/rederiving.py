"""The labels of a child, derived once more from its lineage: character by character, not as composing.py does it.

Every character of a parent has an owner, the span that it belongs to. The pieces of the lineage hand owners on to the
characters of the child; the spans are the runs of one owner. What the child says must be the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import Literal, Protocol, runtime_checkable

from pipeline.types import Document, Piece

Owner = tuple[int, int]  # parent, number of the span there
Known = Mapping[str, Collection[str]]  # label → mentions
NOBODY: Owner = (-1, -1)


@runtime_checkable
class Operation(Protocol):
    """What has to be known of the operation that made a child."""

    @property
    def mentions(self) -> Literal["kept", "replaced", "altered"]:
        """What becomes of mentions."""

    def known_mentions(self) -> Known:
        """Label → mentions that may take another's place, besides those of the training documents."""


def fault(child: Document, parents: Sequence[Document], mentions: str, known: Known) -> str | None:
    """What is wrong with a child, in a few words; None where nothing is.

    `mentions` is what its operation says of mentions (kept, replaced, altered), `known` which may take another's place.

    >>> from pipeline.types import Lineage, Span
    >>> parent = Document("a", "Bo left", spans=(Span(0, 2, "PER"),), split="train")
    >>> made = Lineage("x", "{}", 1, ("a",), (Piece(0, 3), Piece(3, 7, "came")))
    >>> fault(Document("b", "Bo came", spans=(Span(0, 2, "PER"),), split="train", lineage=made), [parent], "kept", {})
    >>> fault(Document("b", "Bo came", spans=(Span(0, 3, "PER"),), split="train", lineage=made), [parent], "kept", {})
    'its spans are not those of its pieces'
    """
    made = child.lineage
    if made is None or not made.pieces:
        return "its lineage has no pieces to derive it from"
    if tuple(p.id for p in parents) != made.parents:
        return "its parents are not there"
    first = parents[0]
    if child.split != "train" or any(p.split != "train" for p in parents):
        return "it or a parent is not in the training split"
    if child.group_id != first.group_id:
        return "it has another group_id than its first parent"
    if any(p.label != child.label for p in parents):
        return "it has another label than a parent"
    try:
        text, owners = _handed_on(made.pieces, parents)
    except (_Mixed, IndexError):
        return "a piece takes the place of a mention in part, or of nothing that is there"
    if text != child.text:
        return "its text is not that of its pieces"
    found = _runs(owners, parents)
    if found is None:
        return "a mention is there in part, twice, or in two parts"
    if (child.spans is None) != (first.spans is None):
        return "it is annotated and its parent is not, or the other way round"
    if [(a, b, parents[p].spans[n].label) for a, b, (p, n) in found] != [  # type: ignore[index]
        (s.start, s.end, s.label) for s in child.spans or ()
    ]:
        return "its spans are not those of its pieces"
    if mentions != "altered":
        for start, end, (p, n) in found:
            span = (parents[p].spans or ())[n]
            surface, before = text[start:end], parents[p].text[span.start : span.end]
            if surface != before and (mentions == "kept" or surface not in known.get(span.label, ())):
                return f"a mention became one that is no known {span.label}"
    return None


class _Mixed(Exception):
    """A text takes the place of characters of several owners."""


def _handed_on(pieces: Sequence[Piece], parents: Sequence[Document]) -> tuple[str, list[Owner]]:
    """The text of the pieces and the owner of each of its characters."""
    owned = [_owners(parent, number) for number, parent in enumerate(parents)]
    letters: list[str] = []
    owners: list[Owner] = []
    used: dict[Owner, int] = {}
    for piece in pieces:
        own, source = owned[piece.parent], parents[piece.parent].text
        if not 0 <= piece.start <= piece.end <= len(source) or piece.parent < 0:
            raise IndexError(piece)
        taken = own[piece.start : piece.end]
        for owner in taken:
            used[owner] = used.get(owner, 0) + 1
        if piece.text is None:
            letters.extend(source[piece.start : piece.end])
            owners.extend(taken)
            continue
        if not taken and 0 < piece.start < len(own) and own[piece.start - 1] == own[piece.start]:
            taken = [own[piece.start]]  # put between two characters of one owner
        if len(set(taken)) > 1:
            raise _Mixed
        letters.extend(piece.text)
        owners.extend([taken[0] if taken else NOBODY] * len(piece.text))
    for (parent, number), count in used.items():
        if number >= 0:
            span = (parents[parent].spans or ())[number]
            if count != span.end - span.start:
                raise _Mixed
    return "".join(letters), owners


def _owners(parent: Document, number: int) -> list[Owner]:
    owners = [NOBODY] * len(parent.text)
    for n, span in enumerate(parent.spans or ()):
        owners[span.start : span.end] = [(number, n)] * (span.end - span.start)
    return owners


def _runs(owners: Sequence[Owner], parents: Sequence[Document]) -> list[tuple[int, int, Owner]] | None:
    """(start, end, owner) of each run of characters of one mention; None where a mention has two runs."""
    found, at = [], 0
    for owner, run in groupby(owners):
        length = sum(1 for _ in run)
        if owner != NOBODY:
            found.append((at, at + length, owner))
        at += length
    return None if len({owner for _, _, owner in found}) < len(found) else found


def inventory(documents: Sequence[Document]) -> dict[str, set[str]]:
    """Label → the mentions of these documents, as they are written."""
    found: dict[str, set[str]] = {}
    for doc in documents:
        for span in doc.spans or ():
            found.setdefault(span.label, set()).add(doc.text[span.start : span.end].strip())
    return found
