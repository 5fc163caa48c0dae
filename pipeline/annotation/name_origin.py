"""The origin that a personal name looks like, as a group of its span."""

from __future__ import annotations

from dataclasses import replace

from pipeline.annotation import Annotator
from pipeline.language.names import inferred_origin
from pipeline.types import Document, Rejected, Span


class NameOrigin(Annotator):
    """Gives every span labelled as a person the group `inferred_origin`, such as `english`, `spanish` or `unknown`.

    Names in letters by lexicon (Faker's): the lists of one language or region are one origin. Names in
    Chinese characters by how they are built: `chinese`, `chinese_compound` (a family name of two characters),
    `chinese_minority`, `transliterated`, `japanese`. From the name alone: it measures how names are treated, and says
    nothing of where a person is from. What is in the lists of several origins, or of none, is `unknown`, which no gate
    counts as a group.

    >>> doc = Document("a", "Pablo Sánchez met 欧阳修", spans=(Span(0, 13, "PER"), Span(18, 21, "PER")))
    >>> [span.groups for span in NameOrigin()(doc).spans]
    [{'inferred_origin': 'spanish'}, {'inferred_origin': 'chinese_compound'}]
    """

    labels: tuple[str, ...] = ("PER",)

    def __call__(self, doc: Document) -> Document | Rejected:
        """The document with the group at its persons."""
        return replace(doc, spans=doc.spans and tuple(self._called(doc.text, span) for span in doc.spans))

    def _called(self, text: str, span: Span) -> Span:
        if span.label not in self.labels:
            return span
        origin = inferred_origin(text[span.start : span.end])
        return replace(span, groups={**span.groups, "inferred_origin": origin})
