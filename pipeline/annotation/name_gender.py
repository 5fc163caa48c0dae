"""The gender that a personal name looks like, as a group of its span."""

from __future__ import annotations

from typing import ClassVar

from pipeline.annotation._inferring import Inferring
from pipeline.language.names import inferred_gender


class NameGender(Inferring):
    """Gives every span labelled as a person the group `inferred_gender`: `female`, `male` or `unknown`.

    By lexicon (Faker's), from the name alone and not from the text around it: it measures how names are
    treated, and says nothing of a person's gender. What a lexicon lacks, or has for both, is `unknown`, which no gate
    counts as a group. docs/fairness.md has what was found and how much of it was wrong.

    >>> doc = Document("a", "Anna Berg met Bo", spans=(Span(0, 9, "PER"), Span(14, 16, "PER")))
    >>> [span.groups for span in NameGender()(doc).spans]
    [{'inferred_gender': 'female'}, {'inferred_gender': 'unknown'}]
    """

    key: ClassVar[str] = "inferred_gender"

    def infer(self, name: str) -> str:
        """The gender that a name looks like."""
        return inferred_gender(name)
