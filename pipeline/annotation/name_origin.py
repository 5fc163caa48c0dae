"""The origin that a personal name looks like, as a group of its span."""

from __future__ import annotations

from typing import ClassVar

from pipeline.annotation._inferring import Inferring
from pipeline.language.names import inferred_origin


class NameOrigin(Inferring):
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

    key: ClassVar[str] = "inferred_origin"

    def infer(self, name: str) -> str:
        """The origin that a name looks like."""
        return inferred_origin(name)
