"""Spans that say which part of a text is what: the two texts of a pair, a question, the two ends of a relation."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.errors import InvalidDocument, did_you_mean
from pipeline.types import Document, Range


def fault(doc: Document, once: Sequence[str], at_most_once: Sequence[str] = ()) -> str:
    """What is wrong with the roles of a document, empty where nothing is: each of `once` must have exactly one span.

    >>> from pipeline.types import Span
    >>> fault(Document("a", "Is it?", spans=(Span(0, 6, "questoin"),)), ["question"])
    "unknown label 'questoin' of the span [0, 6) 'Is it?'; did you mean 'question'?"
    """
    known = [*once, *at_most_once]
    if doc.spans is None:
        return f"the document is not annotated (spans are None): it needs a span {' and a span '.join(map(repr, once))}"
    for span in doc.spans:
        if span.label not in known:
            shown = doc.text[span.start : span.end][:40]
            return f"unknown label {span.label!r} of the span [{span.start}, {span.end}) {shown!r}; " + did_you_mean(
                span.label, known
            )
    for role in known:
        count = sum(span.label == role for span in doc.spans)
        if count > 1 or (count == 0 and role in once):
            return f"there are {count} spans {role!r}; mark one" + ("" if role in once else ", or none")
    return ""


def place(doc: Document, role: str) -> Range:
    """The characters of the one span of a role.

    Raises:
        InvalidDocument: there is none.
    """
    for span in doc.spans or ():
        if span.label == role:
            return span.start, span.end
    raise InvalidDocument(f"{doc.source or doc.id}: there is no span {role!r}; mark one")
