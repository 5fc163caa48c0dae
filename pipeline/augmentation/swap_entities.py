"""Mentions replaced by other mentions of the training documents, or of a list."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, PrivateAttr, field_validator, model_validator

from pipeline.augmentation import Refused, _gazetteer
from pipeline.augmentation._assembled import Edits
from pipeline.augmentation._chunk import Chunk
from pipeline.augmentation._columnar import Columnar, Keys, generators
from pipeline.augmentation._joining import runs_together
from pipeline.errors import WrongUse
from pipeline.fingerprint import fingerprint
from pipeline.types import Document

Place = tuple[int, int, str]  # of a mention: start, end, label
_DRAWS = 32  # a mention for which so many draws find no fitting other stays as it is


class SwapEntities(Columnar):
    """`copies` children of a `share` of the documents, every mention replaced by another one of the same label.

    The others come from the training documents (`inventory: train`, learned in `fitted`) and from the file `gazetteer`
    (`_gazetteer.py` says how it is written; its groups hold where both know a mention), with `inventory: none` from the
    file alone. Each mention is drawn as often as any other; with `balance: gender` first a value of that group is, each
    as often as any other, then a mention that has it. A mention that stands twice in a text is replaced by the same one
    twice, and takes the groups (such as a name's gender) of what replaces it. No mention is put where a Latin letter or
    a digit would run into the word beside it.
    (Mention replacement: Dai and Adel, 2020, "An Analysis of Simple Data Augmentation for Named Entity Recognition".)

    >>> from pipeline.types import Span
    >>> docs = [Document(n, f"{n} came", spans=(Span(0, len(n), "PER"),)) for n in ("Anna", "Bo")]
    >>> swap = SwapEntities().fitted(docs)
    >>> [child.text for child in swap(docs[0], swap.rng(docs[0]))]
    ['Bo came']
    """

    example: ClassVar[Mapping[str, Any]] = {"copies": 2}
    mentions = "replaced"

    inventory: Literal["train", "none"] = "train"
    gazetteer: str = ""
    balance: str = Field("", max_length=200)

    _mentions: Mapping[str, _Inventory] = PrivateAttr(default_factory=dict)

    @field_validator("gazetteer")
    @classmethod
    def _readable(cls, path: str) -> str:
        try:
            _listed(path)
        except WrongUse as error:
            raise ValueError(str(error)) from error
        return path

    @model_validator(mode="after")
    def _mentions_from_somewhere(self) -> Self:
        if self.inventory == "none" and not self.gazetteer:
            raise ValueError("with `inventory: none` mentions come from a file alone; name it as `gazetteer`")
        return self

    def fingerprint(self) -> str:
        """Changes with the content of the gazetteer too."""
        own = super().fingerprint()
        return fingerprint(own, _gazetteer.digest(self.gazetteer)) if self.gazetteer else own

    def known_mentions(self) -> Mapping[str, Collection[str]]:
        """What the gazetteer lists."""
        return _listed(self.gazetteer)

    def fitted(self, train: Iterable[Document]) -> Self:
        """This augmenter with the mentions of the training documents, sorted: their order does not matter."""
        groups: dict[str, dict[str, dict[str, str]]] = {}
        for doc in train if self.inventory == "train" else ():
            for span in doc.spans or ():
                text = doc.text[span.start : span.end].strip()
                if text:
                    known = groups.setdefault(span.label, {}).setdefault(text, dict(span.groups))
                    for name in [n for n, value in known.items() if span.groups.get(n) != value]:
                        del known[name]  # mentions that look the same and differ in a group: not known of the text
        for label, of_label in _listed(self.gazetteer).items():
            for text, more in of_label.items():
                groups.setdefault(label, {}).setdefault(text, {}).update(more)
        copy = self.model_copy()
        copy._mentions = {label: _inventory(groups[label], self.balance) for label in groups}
        return copy

    def edits(self, chunk: Chunk, keys: Keys) -> Edits:
        """Every mention replaced for which another one fits."""
        spans, labels, inventories = chunk.lists(chunk.spans), iter(chunk.labels), self._mentions
        edits, at = Edits(chunk.spans, []), []
        for row, rng in enumerate(generators(keys)):
            own = [(start, end, next(labels)) for start, end in spans[row]]
            try:
                found = self._replacements(chunk.texts[row], own, inventories, rng)
            except Refused as refused:
                edits.refused[row] = str(refused)
                found = [None] * len(own)
            for other in found:
                at.append(other is not None)
                if other is not None:
                    edits.groups[len(edits.texts)] = other.groups
                    edits.texts.append(other.text)
        edits.at = chunk.spans.where(np.array(at, bool))
        edits.refuse(edits.nothing_in(chunk.rows), "no other mention of the training documents fits")
        return edits

    def _replacements(
        self, text: str, spans: Sequence[Place], inventories: Mapping[str, _Inventory], rng: Random
    ) -> list[_Mention | None]:
        """What takes the place of each mention of a text. Raises Refused."""
        if not spans:
            raise Refused("there is no mention to replace")
        if self.balance:
            self._check_balance({label for _, _, label in spans}, inventories)
        drawn: dict[tuple[str, str], _Mention] = {}
        found: list[_Mention | None] = []
        for start, end, label in spans:
            surface = text[start:end]
            if label not in inventories or runs_together(text, start, end, surface):
                found.append(None)
                continue
            other = drawn.get((label, surface))
            if other is None or runs_together(text, start, end, other.text):
                other = _other(inventories[label], text, start, end, rng)
            if other:
                drawn.setdefault((label, surface), other)
            found.append(other)
        return found

    def _check_balance(self, labels: Iterable[str], inventories: Mapping[str, _Inventory]) -> None:
        values = {label: inventories[label].values for label in sorted(labels) if label in inventories}
        for label, known in values.items():
            if len(known) == 1:
                raise Refused(f"{self.balance} is {known[0]} for every {label} that it is known of: nothing to balance")
        if not any(inventory.values for inventory in inventories.values()):
            raise Refused(f"no mention has the group {self.balance}")


@dataclass(frozen=True, slots=True)
class _Mention:
    """A mention as it is written, and the groups that all of its occurrences share."""

    text: str
    groups: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Inventory:
    """The mentions of one label: a list to draw from for each value of the balanced group; without any, all in one."""

    values: tuple[str, ...]
    lists: tuple[tuple[_Mention, ...], ...]


def _listed(path: str) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    return _gazetteer.read(path) if path else {}


def _inventory(known: Mapping[str, Mapping[str, str]], balance: str) -> _Inventory:
    mentions = [_Mention(text, known[text]) for text in sorted(known)]
    values = tuple(sorted({m.groups[balance] for m in mentions if balance in m.groups}))
    if not values:
        return _Inventory((), (tuple(mentions),))
    return _Inventory(values, tuple(tuple(m for m in mentions if m.groups.get(balance) == v) for v in values))


def _other(known: _Inventory, text: str, start: int, end: int, rng: Random) -> _Mention | None:
    """A mention that fits in the place of another, from a list that each is as likely as any other."""
    surface = text[start:end].strip()
    mentions = known.lists[0] if len(known.lists) == 1 else rng.choice(known.lists)
    for _ in range(_DRAWS):
        other = mentions[int(rng.random() * len(mentions))]
        if other.text != surface and not runs_together(text, start, end, other.text):
            return other
    return None
