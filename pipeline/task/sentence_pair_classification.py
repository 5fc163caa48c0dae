"""Sentence-pair classification: one label for two texts (relevance, entailment, the same question)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pipeline.task._learnable import Reading
from pipeline.task._roles import fault, place
from pipeline.task.text_classification import TextClassification
from pipeline.types import Document, Rejected

ROLES = ("first", "second")


class SentencePairClassification(TextClassification):
    """Give two texts one of `labels`. Both stand in the document's text, marked by a span `first` and a span `second`;
    what stands outside of these two is not read. The headline is macro F1.

    The model reads the two as its tokenizer joins pairs. Where they are too long for it, `second` goes through
    overlapping windows, each with all of `first` before it.

    >>> from pipeline.types import Span
    >>> task = SentencePairClassification(labels=("same", "other"))
    >>> spans = (Span(0, 11, "first"), Span(12, 23, "second"))
    >>> task.reading(task.accept(Document("a", "Is it open? Open today?", label="same", spans=spans)))
    Reading(text='Open today?', at=12, first='Is it open?', together=None)
    """

    mentions: ClassVar[bool] = False
    pair: ClassVar[bool] = True
    example: ClassVar[Mapping[str, Any]] = {"labels": ("same", "other")}

    def accept(self, doc: Document) -> Document | Rejected:
        """The document; rejected where its label is missing or unknown, or one of the two texts is not marked."""
        accepted = super().accept(doc)
        wrong = fault(doc, ROLES)
        if isinstance(accepted, Rejected) or not wrong:
            return accepted
        return doc.rejected(f"{doc.source or doc.id}: {wrong}")

    def reading(self, doc: Document) -> Reading:
        """`second`, with `first` whole before it."""
        (a, b), (c, d) = (place(doc, role) for role in ROLES)
        return Reading(doc.text[c:d], c, first=doc.text[a:b])
