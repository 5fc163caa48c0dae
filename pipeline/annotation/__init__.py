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
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from pipeline.part import Part
from pipeline.types import Document, Rejected


class Annotator(Part):
    """Gives a document spans, a label or groups, or says why it cannot."""

    @abstractmethod
    def __call__(self, doc: Document) -> Document | Rejected:
        """The document, annotated, or rejected with a reason."""


BASE = Annotator
Step = tuple[str, Callable[[Document], Document | Rejected]]


def annotate(documents: Iterable[Document], steps: Sequence[Step], rejected: list[Rejected]) -> Iterator[Document]:
    """Documents through named steps, one after another; what a step rejects goes to `rejected` in its name."""
    for document in documents:
        for name, step in steps:
            result = step(document)
            if isinstance(result, Rejected):
                rejected.append(replace(result, step=result.step or name))
                break
            document = result
        else:
            yield document
