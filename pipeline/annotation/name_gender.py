"""The gender that a personal name looks like, as a group of its span."""

from __future__ import annotations

from dataclasses import replace

from pipeline.annotation import Annotator
from pipeline.language.names import inferred_gender
from pipeline.types import Document, Rejected, Span


class NameGender(Annotator):
    """Gives every span labelled as a person the group `inferred_gender`: `female`, `male` or `unknown`.

    By lexicon (Faker's), from the name alone and not from the text around it: it measures how names are
    treated, and says nothing of a person's gender. What a lexicon lacks, or has for both, is `unknown`, which no gate
    counts as a group. docs/fairness.md has what was found and how much of it was wrong.

    >>> doc = Document("a", "Anna Berg met Bo", spans=(Span(0, 9, "PER"), Span(14, 16, "PER")))
    >>> [span.groups for span in NameGender()(doc).spans]
    [{'inferred_gender': 'female'}, {'inferred_gender': 'unknown'}]
    """

    labels: tuple[str, ...] = ("PER",)

    def __call__(self, doc: Document) -> Document | Rejected:
        """The document with the group at its persons."""
        return replace(doc, spans=doc.spans and tuple(self._called(doc.text, span) for span in doc.spans))

    def _called(self, text: str, span: Span) -> Span:
        if span.label not in self.labels:
            return span
        gender = inferred_gender(text[span.start : span.end])
        return replace(span, groups={**span.groups, "inferred_gender": gender})
