"""Augmenters: one file, one class, one verb: `draw(doc, rng) -> Made`.

An augmenter never places a label. It says of which pieces of which training documents a child consists; `child()`
puts it together and its spans are where the pieces come from, or the child is refused with the reason
(pipeline/composing.py). So a child's labels are true by construction, and the gate `child_labels` derives them again.

Contract, held by tests/test_contracts.py for every file in this folder:

- The same seed gives the same children, in whatever order the parents come and whatever the number of processes.
- Every child names its parents, the operation, its settings and seed in `lineage`, inherits `group_id` and `split`,
  and has an id of its own. There are at most three of one parent by one operation.
- `mentions` says what becomes of mentions: `kept` letter by letter; `replaced` whole by others of the same label, which
  `known_mentions()` lists; `altered` (their tokens are changed, their label and their number are not).
- What it needs to know of the training documents it learns in `fitted(train)`, from them alone.
- Where it has nothing to offer it raises Refused and says why; nothing is made up.
- `batch` takes a record batch and gives the same children as `many` of its documents; what edits one parent's words can
  do so in arrays, five times as fast (`_columnar.py`).

Template (pipeline/augmentation/shout.py):

    class Shout(Augmenter):
        mentions = "kept"

        def draw(self, doc: Document, rng: Random) -> Made:
            words = [(a, b) for a, b in eligible(doc) if doc.text[a:b] != doc.text[a:b].upper()]
            if not words:
                raise Refused("no word outside of mentions has small letters")
            return Made(pieces_of(len(doc.text), [Edit(a, b, doc.text[a:b].upper()) for a, b in words]))
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from random import Random
from typing import ClassVar, Literal, Self

import pyarrow as pa
from pydantic import Field

from pipeline.augmentation._draws import Draws
from pipeline.composing import Groups, Refused, composed, pieces_of
from pipeline.frames import documents_of, to_batch
from pipeline.part import Part
from pipeline.types import Document, Lineage, Piece, Rejected, Span

__all__ = ["Augmenter", "Made", "Mentions", "Refused", "pieces_of"]

Mentions = Literal["kept", "replaced", "altered"]
MOST = 3  # children of one parent by one operation


@dataclass(slots=True)
class Made:
    """What a child consists of: pieces of the document (parent 0) and of `partners` (1, 2, …).

    `groups` are those of the mentions that took another's place, by (parent, start of the span replaced).
    """

    pieces: Sequence[Piece]
    partners: tuple[Document, ...] = ()
    groups: Groups = field(default_factory=dict)


class Augmenter(Part):
    """Makes `copies` children of a `share` of the training documents. `seed` is stored in every child's lineage.

    `when: helps` leaves the operation out where the recipe's lift report says that it lowers the score.
    """

    mentions: ClassVar[Mentions] = "kept"
    apart: ClassVar[bool] = False  # asks a model: runs in a process of its own, never in one of Dagster
    at_a_time: ClassVar[int] = 256  # documents of one batch
    spread_from: ClassVar[int] = 4096  # documents from which on a process for each core costs less than it saves
    again: ClassVar[str] = "the same text came out again"
    languages: ClassVar[tuple[str, ...]] = ()  # that it can do; empty: every one
    texts: ClassVar[
        tuple[tuple[str, str, tuple[Span, ...] | None], ...]
    ] = ()  # more for its contract: text, language, spans

    copies: int = Field(1, ge=1, le=MOST)
    share: float = Field(1.0, gt=0, le=1)
    seed: int = 13
    when: Literal["always", "helps"] = "always"

    def fitted(self, train: Iterable[Document]) -> Self:
        """This augmenter, having seen the training documents."""
        return self

    @abstractmethod
    def draw(self, doc: Document, rng: Random) -> Made:
        """The pieces of one child. Raises Refused with the reason where there is none to be made."""

    def known_mentions(self) -> Mapping[str, Collection[str]]:
        """Label → mentions that it may put in another's place, besides those of the training documents."""
        return {}

    def __call__(self, doc: Document, rng: Random) -> Iterator[Document | Rejected]:
        """Children of `doc`, each with another text than its parent and siblings; what was refused, with the reason."""
        if rng.random() >= self.share:
            return
        made = {doc.text}
        for number in range(self.copies):
            child = self.child(doc, number, rng)
            if isinstance(child, Document) and child.text in made:
                child = doc.rejected(self.again, self.called)
            if isinstance(child, Document):
                made.add(child.text)
            yield child

    def many(self, docs: Sequence[Document]) -> Iterator[Document | Rejected]:
        """Children of many documents, in their order. An augmenter that asks a model does so for all at once here."""
        rng = Draws()  # one for all: to make one costs as much as to seed it
        for doc in docs:
            rng.seed(self.seed_of(doc.id))
            yield from self(doc, rng)

    def batch(self, rows: pa.RecordBatch) -> tuple[pa.RecordBatch, list[str]]:
        """The same children of the documents of a batch as a batch, and the reasons of what was refused."""
        results = list(self.many(list(documents_of(rows))))
        children = to_batch(r for r in results if isinstance(r, Document))
        return children, [r.reason for r in results if isinstance(r, Rejected)]

    def rng(self, doc: Document) -> Random:
        """The generator for one parent: its numbers depend on the seed, the operation and the parent's id only."""
        return Draws(self.seed_of(doc.id))

    def seed_of(self, parent: str) -> str:
        """What the generator of a parent begins with, by the parent's id."""
        return f"{self.seed}|{self.called}|{parent}"

    def child(self, doc: Document, number: int, rng: Random) -> Document | Rejected:
        """Child `number` of a document: drawn, put together, and named; or refused."""
        if self.languages and doc.language not in self.languages:
            return doc.rejected(self.for_others, self.called)
        try:
            return self.named(doc, self.draw(doc, rng), number)
        except Refused as refused:
            return doc.rejected(str(refused), self.called)

    def named(self, doc: Document, made: Made, number: int) -> Document:
        """The child that pieces make, with an id of its own and its lineage. Raises Refused."""
        child = composed((doc, *made.partners), made.pieces, made.groups)
        ids = (doc.id, *[p.id for p in made.partners])
        lineage = Lineage(self.called, self.told, self.seed, ids, tuple(made.pieces))
        object.__setattr__(child, "id", self.id_of(doc.id, number, child.text))
        object.__setattr__(child, "lineage", lineage)
        return child

    def id_of(self, parent: str, number: int, text: str) -> str:
        """The id of child `number` of a parent with that text."""
        key = f"{parent}|{self.told}|{number}|{text}".encode("utf-8", "surrogatepass")
        return f"{parent}~{self.called}-{blake2b(key, digest_size=6).hexdigest()}"

    @property
    def for_others(self) -> str:
        """Why a document of another language is refused."""
        return f"is for {' and '.join(self.languages)} only"

    @cached_property
    def called(self) -> str:
        """The name, put together once."""
        return self.name

    @cached_property
    def told(self) -> str:
        """The settings as the lineage has them."""
        return json.dumps(self.settings(), sort_keys=True, ensure_ascii=False)


BASE = Augmenter
