"""A group that is inferred from the text of a span alone."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar

from pipeline.annotation import Annotator
from pipeline.types import Document, Rejected


class Inferring(Annotator):
    """Gives every span with one of `labels` the group `key`, as `infer` says of its text."""

    key: ClassVar[str]

    labels: tuple[str, ...] = ("PER",)

    @abstractmethod
    def infer(self, name: str) -> str:
        """The group of a name; `unknown` where nothing can be said."""

    def __call__(self, doc: Document) -> Document | Rejected:
        """The document with the group at its persons."""
        if doc.spans is None:
            return doc
        spans = (
            replace(s, groups={**s.groups, self.key: self.infer(doc.text[s.start : s.end])})
            if s.label in self.labels
            else s
            for s in doc.spans
        )
        return replace(doc, spans=tuple(spans))
