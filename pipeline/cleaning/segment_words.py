"""Says where the words of a document are; changes no text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pipeline.cleaning import CleaningStep
from pipeline.language import words
from pipeline.types import Document, Range, Rejected


class SegmentWords(CleaningStep):
    """Sets the tokens of a document: Chinese words by rjieba, in other languages runs of letters and
    digits, and every sign by itself.

    A span that begins or ends inside of a word splits the token; the span never moves. Tokens that the source gave are
    kept unless `replace`.

    >>> SegmentWords()(Document("a", "Bo's cat.", "en", spans=(Span(0, 2, "PER"),))).tokens
    ((0, 2), (2, 4), (5, 8), (8, 9))
    """

    replace: bool = False

    def __call__(self, doc: Document) -> Document | Rejected:
        """The document with tokens; itself where it has them already."""
        if doc.tokens and not self.replace:
            return doc
        whole = words.tokens(doc.text, doc.language)
        edges = sorted({edge for span in doc.spans or () for edge in (span.start, span.end)})
        tokens = tuple(_split(whole, edges))
        return doc if tokens == doc.tokens else replace(doc, tokens=tokens)


def _split(tokens: Iterable[Range], edges: list[int]) -> Iterable[Range]:
    """The tokens, cut at every edge that is inside of one; both are in order."""
    n = 0
    for start, end in tokens:
        at = start
        while n < len(edges) and edges[n] < end:
            if edges[n] > at:
                yield at, edges[n]
                at = edges[n]
            n += 1
        yield at, end
