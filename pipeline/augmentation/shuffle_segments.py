"""The words of a segment in another order."""

from __future__ import annotations

import re
from bisect import bisect, bisect_left
from collections.abc import Sequence
from itertools import chain, islice, pairwise
from random import Random

from pydantic import Field

from pipeline.augmentation import Augmenter, Made, Mentions, Refused, pieces_of
from pipeline.augmentation._clauses import clauses, negated
from pipeline.augmentation._joining import spaced
from pipeline.composing import joined
from pipeline.language import words, zh
from pipeline.types import Document, Edit, Range

_WORD = re.compile(r"\S+")
_HAN = re.compile(f"{zh.SCRIPT}+|[，。！？；：、…—“”‘’（）《》]")  # what runs together with nothing, wherever it is put


class ShuffleSegments(Augmenter):
    """Cuts the text at the edges of mentions and puts the words of each segment, with a probability, in another order.

    Mentions are segments too, unless `inside_mentions` is false. Words are what stands between white space, which stays
    in its place; in Chinese words and signs. What touches the edge of a mention without white space does not move.
    Where chance takes no segment one is taken. In a document with a label its clauses are the segments, and the clause
    of a negation stays as it is. (Shuffle within segments: Dai and Adel, 2020, "An Analysis of Simple Data Augmentation
    for Named Entity Recognition".)

    >>> from pipeline.types import Span
    >>> doc = Document("a", "Anna Berg came home", "en", spans=(Span(0, 9, "PER"),))
    >>> shuffle = ShuffleSegments(probability=0.9)
    >>> [child.text for child in shuffle(doc, shuffle.rng(doc))]
    ['Berg Anna home came']
    """

    probability: float = Field(0.5, gt=0, le=1)
    inside_mentions: bool = True

    @property
    def mentions(self) -> Mentions:  # type: ignore[override]  # of other operations it depends on no setting
        """Altered, or kept where `inside_mentions` is false."""
        return "altered" if self.inside_mentions else "kept"

    def draw(self, doc: Document, rng: Random) -> Made:
        """The document with the words of the segments drawn permuted."""
        segments = self._segments(doc)
        every = [] if spaced(doc.language) else words.tokens(doc.text, doc.language)
        drawn = [s for s in segments if rng.random() < self.probability]
        edits = [edit for s in drawn if (edit := _permuted(doc.text, _words(doc, every, *s), rng))]
        if not edits:  # chance took none that can change: one of the others
            others = sorted(set(segments).difference(drawn))
            rng.shuffle(others)
            found = (edit for s in others if (edit := _permuted(doc.text, _words(doc, every, *s), rng)))
            edits = list(islice(found, 1))
        if not edits:
            raise Refused("no segment has two different words")
        return Made(pieces_of(len(doc.text), edits))

    def _segments(self, doc: Document) -> list[tuple[int, int, bool]]:
        """Start, end, and whether it is a mention, in order."""
        edges = [0, *chain.from_iterable((s.start, s.end) for s in doc.spans or ()), len(doc.text)]
        parts = [(a, b, bool(n % 2)) for n, (a, b) in enumerate(pairwise(edges)) if a < b]
        if not self.inside_mentions:
            parts = [part for part in parts if not part[2]]
        if doc.label is None:
            return parts
        whole = [clause for clause in clauses(doc) if not negated(doc, *clause)]
        return [(max(a, c), min(b, d), m) for a, b, m in parts for c, d in whole if a < d and c < b]


def _words(doc: Document, every: Sequence[Range], start: int, end: int, mention: bool) -> list[Range]:
    """The words of a segment that can move; `every` are those of a text whose words no white space parts."""
    text = doc.text
    if every:
        inside = every[bisect_left(every, (start, start)) : bisect(every, (end, 0))]
        return [(a, b) for a, b in inside if b <= end and _HAN.fullmatch(text, a, b) and not joined(text, b)]
    found = [m.span() for m in _WORD.finditer(text, start, end)]
    if found and _fixed(text, found[0][0], mention):
        del found[0]
    if found and _fixed(text, found[-1][1], mention):
        del found[-1]
    return found


def _permuted(text: str, segment: list[Range], rng: Random) -> Edit | None:
    """Words in an order that is not theirs, with what stands between them where it was; None of no two."""
    written = [text[a:b] for a, b in segment]
    if len(set(written)) < 2:
        return None
    others = list(written)
    rng.shuffle(others)
    if others == written:
        others = [*written[1:], written[0]]
    gaps = [text[end:start] for (_, end), (start, _) in pairwise(segment)]
    return Edit(segment[0][0], segment[-1][1], "".join(chain.from_iterable(zip(others, [*gaps, ""], strict=True))))


def _fixed(text: str, at: int, mention: bool) -> bool:
    """Whether the word that begins or ends here cannot move: it touches what stands on the other side."""
    if mention:
        return joined(text, at)
    return 0 < at < len(text) and not text[at - 1].isspace() and not text[at].isspace()
