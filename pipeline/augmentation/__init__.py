"""Augmenters: one file, one class, one verb: `__call__(doc, rng) -> Iterator[Document]`.

Contract, held by tests/test_contracts.py for every file in this folder:

- The same seed gives the same children, in whatever order the parents come.
- Every child names its parent and the operation in `lineage`, inherits `group_id` and `split`, and has an id of its own
  (`child()` does all of that).
- Labels are true by construction: the sequence of span labels is the parent's, and every span covers what it names.
- What it needs to know of the training documents it learns in `fitted(train)`, from them alone.

Template (pipeline/augmentation/shout.py):

    class Shout(Augmenter):
        def __call__(self, doc: Document, rng: Random) -> Iterator[Document]:
            changed = doc.edited([Edit(0, len(doc.text), doc.text.upper())] if not doc.spans else [])
            if isinstance(changed, Document) and changed.text != doc.text:
                yield self.child(doc, changed, 0)
"""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import replace
from random import Random
from typing import Self

from pipeline.part import Part
from pipeline.types import Document, Lineage


class Augmenter(Part):
    """Makes new training documents of one. `seed` is part of what is made: it is stored in every child's lineage."""

    seed: int = 13

    def fitted(self, train: Iterable[Document]) -> Self:
        """This augmenter, having seen the training documents."""
        return self

    @abstractmethod
    def __call__(self, doc: Document, rng: Random) -> Iterator[Document]:
        """New documents made of `doc`; none where it has nothing to offer."""

    def rng(self, doc: Document) -> Random:
        """The generator for one parent: its numbers depend on the seed, the operation and the parent's id only."""
        return Random(f"{self.seed}|{self.name}|{doc.id}")

    def child(self, parent: Document, changed: Document, number: int) -> Document:
        """`changed` with an id of its own, its parent's group and split, and its lineage."""
        settings = json.dumps(self.settings(), sort_keys=True, ensure_ascii=False)
        made = hashlib.blake2b(f"{parent.id}|{settings}|{number}|{changed.text}".encode(), digest_size=6).hexdigest()
        return replace(
            changed,
            id=f"{parent.id}~{self.name}-{made}",
            group_id=parent.group_id,
            split=parent.split,
            lineage=Lineage(self.name, settings, self.seed, (parent.id,)),
        )


BASE = Augmenter
