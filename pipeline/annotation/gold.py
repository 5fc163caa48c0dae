"""The annotations that the source carries."""

from __future__ import annotations

from dataclasses import replace

from pipeline.annotation import Annotator
from pipeline.types import Document, Rejected


class Gold(Annotator):
    """Keeps the spans and the label that came with a document, and rejects one that came with neither.

    `drop_labels` leaves out the spans of these labels on purpose; a document that loses all of them stays, as one
    with nothing in it.

    >>> from pipeline.types import Span
    >>> Gold(drop_labels=("MISC",))(Document("a", "Bo is German", spans=(Span(6, 12, "MISC"),))).spans
    ()
    """

    drop_labels: tuple[str, ...] = ()

    def __call__(self, doc: Document) -> Document | Rejected:
        """The document as it is annotated."""
        if doc.spans is None and doc.label is None:
            return doc.rejected("the source gave neither spans nor a label; use an annotator that makes them")
        if doc.spans is None or not any(span.label in self.drop_labels for span in doc.spans):
            return doc
        return replace(doc, spans=tuple(span for span in doc.spans if span.label not in self.drop_labels))
