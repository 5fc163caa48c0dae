"""A clause in the place of a clause of another text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random
from typing import ClassVar, Literal, Self

from pydantic import Field, PrivateAttr

from pipeline.augmentation import Augmenter, Made, Refused
from pipeline.augmentation._clauses import clauses
from pipeline.augmentation._joining import runs_together
from pipeline.augmentation._partners import Kind, kind, partners
from pipeline.language import words
from pipeline.types import Document, Piece, Range, Span

_DRAWS = 8  # a segment for which so many draws find no fitting other stays as it is

Place = Literal["first", "middle", "last"]


class ExchangeSegments(Augmenter):
    """Puts a segment of another training document of the same language and label in the place of one of the text.

    A segment is a clause, what stands between the signs of the language; with `tokens` it is a run of so many tokens.
    None cuts a mention, and its mentions go where it goes. A first segment takes the place of a first one, a last one
    that of a last one. A text of one segment has none to give and to take. At most 4,096 training documents are
    partners, drawn by a hash of their ids.

    >>> texts = ("He came, and so he left.", "She saw it, but never slept.")
    >>> docs = [Document(text[:3], text, "en", spans=()) for text in texts]
    >>> exchange = ExchangeSegments().fitted(docs)
    >>> [child.text for child in exchange(docs[0], exchange.rng(docs[0]))]
    ['She saw it, and so he left.']
    """

    texts: ClassVar[tuple[tuple[str, str, tuple[Span, ...] | None], ...]] = (
        ("Anna came, and Bo left.", "en", (Span(0, 4, "PER"), Span(15, 17, "PER"))),
        ("双方在北京会谈，达成了一致。", "zh", (Span(3, 5, "LOC"),)),
        ("江泽民出席，并且讲了话。", "zh", (Span(0, 3, "PER"),)),
    )

    tokens: int | None = Field(None, ge=1, le=50)

    _segments: Mapping[tuple[Kind, Place], list[tuple[Document, int, int]]] = PrivateAttr(default_factory=dict)

    def fitted(self, train: Iterable[Document]) -> Self:
        """This augmenter with the segments of its partners, by kind and place."""
        found: dict[tuple[Kind, Place], list[tuple[Document, int, int]]] = {}
        for of, docs in partners(train).items():
            for doc in docs:
                segments = self._cut(doc)
                for number, (start, end) in enumerate(segments if len(segments) > 1 else ()):
                    found.setdefault((of, _place(number, len(segments))), []).append((doc, start, end))
        copy = self.model_copy()
        copy._segments = found
        return copy

    def draw(self, doc: Document, rng: Random) -> Made:
        """The document with one of its segments exchanged."""
        own = self._cut(doc)
        if len(own) < 2:
            raise Refused("the text is one segment")
        number = rng.randrange(len(own))
        start, end = own[number]
        others = self._segments.get((kind(doc), _place(number, len(own))), [])
        for _ in range(_DRAWS if others else 0):
            partner, first, last = others[rng.randrange(len(others))]
            other = partner.text[first:last]
            if partner.id != doc.id and other != doc.text[start:end] and not runs_together(doc.text, start, end, other):
                pieces = (Piece(0, start), Piece(first, last, None, 1), Piece(end, len(doc.text)))
                return Made([p for p in pieces if p.start < p.end], (partner,))
        raise Refused("no segment of another document of its kind fits")

    def _cut(self, doc: Document) -> list[Range]:
        if self.tokens is None:
            return clauses(doc)
        found: list[Range] = []
        count = 0
        for start, end in doc.tokens if doc.tokens is not None else words.tokens(doc.text, doc.language):
            if count and (count < self.tokens or _cuts_mention(doc, start)):
                found[-1] = (found[-1][0], end)
            else:
                found.append((start, end))
                count = 0
            count += 1
        return found


def _cuts_mention(doc: Document, at: int) -> bool:
    return any(span.start < at < span.end for span in doc.spans or ())


def _place(number: int, count: int) -> Place:
    if number == 0:
        return "first"
    return "last" if number == count - 1 else "middle"
