"""Mentions replaced by other mentions of the training documents."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any, ClassVar, Self

from pydantic import Field, PrivateAttr

from pipeline.augmentation import Augmenter
from pipeline.types import Document, Edit, Rejected, Span

_DRAWS = 32  # a mention for which so many draws find no fitting other stays as it is


class SwapEntities(Augmenter):
    """`copies` children of a `share` of the documents, every mention replaced by another one of the same label.

    The others come from the training documents (`fitted`), each mention drawn as often as any other. A mention that
    stands twice in a text is replaced by the same one twice, and takes the groups (such as a name's gender) of what
    replaces it. No mention is put where a Latin letter or a digit would run into the word beside it.
    (Mention replacement: Dai and Adel, 2020, "An Analysis of Simple Data Augmentation for Named Entity Recognition".)

    >>> docs = [Document(n, f"{n} came", spans=(Span(0, len(n), "PER"),)) for n in ("Anna", "Bo")]
    >>> swap = SwapEntities().fitted(docs)
    >>> [child.text for child in swap(docs[0], swap.rng(docs[0]))]
    ['Bo came']
    """

    example: ClassVar[Mapping[str, Any]] = {"copies": 2}

    copies: int = Field(1, ge=1)
    share: float = Field(1.0, gt=0, le=1)

    _mentions: Mapping[str, tuple[_Mention, ...]] = PrivateAttr(default_factory=dict)

    def fitted(self, train: Iterable[Document]) -> Self:
        """This augmenter with the mentions of the training documents, sorted: their order does not matter."""
        groups: dict[str, dict[str, dict[str, str]]] = {}
        for doc in train:
            for span in doc.spans or ():
                text = doc.text[span.start : span.end].strip()
                if text:
                    known = groups.setdefault(span.label, {}).setdefault(text, dict(span.groups))
                    for name in [n for n, value in known.items() if span.groups.get(n) != value]:
                        del known[name]  # mentions that look the same and differ in a group: not known of the text
        copy = self.model_copy()
        copy._mentions = {
            label: tuple(_Mention(text, known[text]) for text in sorted(known)) for label, known in groups.items()
        }
        return copy

    def __call__(self, doc: Document, rng: Random) -> Iterator[Document]:
        """Up to `copies` children, each with another text than its parent and its siblings."""
        if not doc.spans or rng.random() >= self.share:
            return
        made = {doc.text}
        for number in range(self.copies):
            changed = self._swapped(doc, doc.spans, rng)
            if changed is not None and changed.text not in made:
                made.add(changed.text)
                yield self.child(doc, changed, number)

    def _swapped(self, doc: Document, spans: tuple[Span, ...], rng: Random) -> Document | None:
        drawn: dict[tuple[str, str], _Mention] = {}
        others: list[_Mention | None] = []
        for span in spans:
            key = (span.label, doc.text[span.start : span.end])
            other = drawn.get(key)
            if other is None or _runs_together(doc.text, span, other.text):
                other = self._other(doc.text, span, rng)
            if other:
                drawn.setdefault(key, other)
            others.append(other)
        edits = [Edit(s.start, s.end, o.text) for s, o in zip(spans, others, strict=True) if o]
        changed = doc.edited(edits)
        if isinstance(changed, Rejected) or changed.spans is None:
            return None
        moved = zip(changed.spans, others, strict=True)
        return replace(changed, spans=tuple(replace(s, groups=o.groups) if o else s for s, o in moved))

    def _other(self, text: str, span: Span, rng: Random) -> _Mention | None:
        known = self._mentions.get(span.label)
        if not known:
            return None
        surface = text[span.start : span.end].strip()
        for _ in range(_DRAWS):
            other = known[rng.randrange(len(known))]
            if other.text != surface and not _runs_together(text, span, other.text):
                return other
        return None


@dataclass(frozen=True, slots=True)
class _Mention:
    """A mention as it is written, and the groups that all of its occurrences share."""

    text: str
    groups: Mapping[str, str]


def _runs_together(text: str, span: Span, other: str) -> bool:
    """Whether `other` in the place of `span` would join the word before or after it, or the mention is part of one."""
    before, after = text[: span.start][-1:], text[span.end :][:1]
    edges = ((before, other[0]), (other[-1], after), (before, text[span.start]), (text[span.end - 1], after))
    return unicodedata.category(other[0])[0] == "M" or any(_in_word(a) and _in_word(b) for a, b in edges)


def _in_word(char: str) -> bool:
    """Letters of scripts with letter case, digits and marks make words; Han, kana, Hangul and the like do not."""
    if not char:
        return False
    category = unicodedata.category(char)
    return category in ("Lu", "Ll", "Lt", "Lm") or category[0] in "NM" or char in "\u200c\u200d"
