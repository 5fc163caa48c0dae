"""Tokens replaced by others that the training documents have in the same place."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import accumulate, takewhile
from random import Random
from typing import ClassVar, Self

from pydantic import Field, PrivateAttr

from pipeline.augmentation import Augmenter, Made, Mentions, Refused, pieces_of
from pipeline.augmentation._eligible import eligible
from pipeline.augmentation._joining import runs_together
from pipeline.language import words
from pipeline.types import Document, Edit, Range

_DRAWS = 32  # a token for which so many draws find no fitting other stays as it is

Place = tuple[str, str, str]  # language; label or "" outside; B or I, outside the shape
Token = tuple[str, str, int, int]  # label or "" outside; B or I, "" outside; start, end


class ReplaceTokens(Augmenter):
    """Replaces every token with a probability by one of the training documents that has the same label there.

    In a mention that is a token that begins (B) or continues (I) a mention of the same label; outside of mentions a
    word of the same shape: small, capital or mixed letters, in Chinese the same number of characters up to four. Each
    is drawn as often as it is used. Where chance takes no token one is taken. (Label-wise token replacement: Dai and
    Adel, 2020, "An Analysis of Simple Data Augmentation for Named Entity Recognition".)

    >>> from pipeline.types import Span
    >>> docs = [Document(n, f"{n} Berg came", "en", spans=(Span(0, len(n) + 5, "PER"),)) for n in ("Anna", "Bo")]
    >>> replace = ReplaceTokens(probability=0.1).fitted(docs)
    >>> [child.text for child in replace(docs[0], replace.rng(docs[0]))]
    ['Bo Berg came']
    """

    mentions: ClassVar[Mentions] = "altered"

    probability: float = Field(0.3, gt=0, le=1)

    _tokens: Mapping[Place, tuple[list[str], list[int]]] = PrivateAttr(default_factory=dict)

    def fitted(self, train: Iterable[Document]) -> Self:
        """This augmenter with the tokens of the training documents and running totals of their counts, by place."""
        counts: dict[Place, Counter[str]] = {}
        for doc in train:
            if doc.spans is not None:
                for token in _tokens(doc):
                    written = doc.text[token[2] : token[3]]
                    if not runs_together(doc.text, token[2], token[3], written):
                        counts.setdefault(_place(doc, token), Counter())[written] += 1
        copy = self.model_copy()
        known = {place: sorted(of) for place, of in counts.items() if len(of) > 1}
        copy._tokens = {place: (of, list(accumulate(counts[place][t] for t in of))) for place, of in known.items()}
        return copy

    def draw(self, doc: Document, rng: Random) -> Made:
        """The document with the tokens drawn replaced."""
        if doc.spans is None:
            raise Refused("it is not annotated: nothing says which tokens are alike")
        if doc.label is not None:
            raise Refused("a token of another text could change its label")
        known, tokens = self._tokens, _tokens(doc)
        drawn = [token for token in tokens if rng.random() < self.probability]
        found = [(known[place], *token[2:]) for token in drawn if (place := _place(doc, token)) in known]
        if not found:  # chance took none that others are known for
            able = [token for token in tokens if _place(doc, token) in known]
            if not able:
                raise Refused("no token of the training documents has the same place")
            token = rng.choice(able)
            found = [(known[_place(doc, token)], *token[2:])]
        edits: list[Edit] = []
        for (others, totals), start, end in found:
            own = doc.text[start:end]
            if runs_together(doc.text, start, end, own):
                continue  # a part of a word
            for _ in range(_DRAWS):
                other = others[bisect(totals, int(rng.random() * totals[-1]))]
                if other != own and not runs_together(doc.text, start, end, other):
                    edits.append(Edit(start, end, other))
                    break
        if not edits:
            raise Refused("no other token fits")
        return Made(pieces_of(len(doc.text), edits))


def _tokens(doc: Document) -> list[Token]:
    """The words outside of mentions, and the tokens inside of them."""
    found: list[Token] = [("", "", start, end) for start, end in eligible(doc)]
    for span in doc.spans or ():
        inside = _inside(doc, span.start, span.end)
        found += [(span.label, "I" if n else "B", *place) for n, place in enumerate(inside)]
    return found


def _place(doc: Document, token: Token) -> Place:
    label, kind, start, end = token
    return doc.language, label, kind or _shape(doc.text[start:end])


def _inside(doc: Document, start: int, end: int) -> list[Range]:
    """The tokens of a mention; one that reaches over its edge is cut there."""
    if doc.tokens is None:
        return [(start + a, start + b) for a, b in words.tokens(doc.text[start:end], doc.language)]
    first = max(bisect(doc.tokens, (start, start)) - 1, 0)
    inside = takewhile(lambda r: r[0] < end, doc.tokens[first:])
    return [(max(a, start), min(b, end)) for a, b in inside if b > start]


def _shape(word: str) -> str:
    """What a word looks like.

    >>> _shape("said"), _shape("Said"), _shape("EU"), _shape("eBay"), _shape("北京")
    ('small', 'Capital', 'CAPITALS', 'mixed', '2')
    """
    if word.islower():
        return "small"
    if word.isupper():
        return "CAPITALS" if len(word) > 1 else "Capital"
    if word[0].isupper():
        return "Capital" if word[1:].islower() else "mixed"
    return "mixed" if word.lower() != word.upper() else str(min(len(word), 4))
