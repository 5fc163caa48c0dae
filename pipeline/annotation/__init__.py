"""Annotators: one file, one class, one verb: `__call__(doc) -> Document | Rejected`.

Contract, held by tests/test_contracts.py: an annotator never changes the text, applied twice it equals once, and what
it cannot annotate it rejects with a reason.

Template (pipeline/annotation/my_annotator.py):

    class MyAnnotator(Annotator):
        def __call__(self, doc: Document) -> Document | Rejected:
            return replace(doc, label="long" if len(doc.text) > 100 else "short")
"""

from __future__ import annotations

from abc import abstractmethod

from pipeline.part import Part
from pipeline.types import Document, Rejected


class Annotator(Part):
    """Gives a document spans, a label or groups, or says why it cannot."""

    @abstractmethod
    def __call__(self, doc: Document) -> Document | Rejected:
        """The document, annotated, or rejected with a reason."""


BASE = Annotator
