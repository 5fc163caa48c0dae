"""Two texts, one after the other."""

from __future__ import annotations

import unicodedata
from bisect import bisect
from collections.abc import Iterable, Mapping
from random import Random
from typing import Self

from pydantic import Field, PrivateAttr

from pipeline.augmentation import Augmenter, Made, Refused
from pipeline.augmentation._joining import spaced
from pipeline.augmentation._partners import Kind, kind, partners
from pipeline.types import Document, Piece

_DRAWS = 8  # a text for which so many draws find itself only has no partner


class Concatenate(Augmenter):
    """Puts another training document of the same language and label after the text; both keep their mentions.

    Together they have at most `most_characters` characters; of the partners that leave room one is drawn, each as
    often as any other. Between the two stands a space where white space parts the words; in Chinese nothing after a
    sign, else a full stop (。). At most 4,096 training documents are partners, drawn by a hash of their ids.

    >>> from pipeline.types import Span
    >>> docs = [Document(n, f"{n} came .", "en", spans=(Span(0, len(n), "PER"),)) for n in ("Anna", "Bo")]
    >>> join = Concatenate().fitted(docs)
    >>> [(child.text, [str(s) for s in child.spans]) for child in join(docs[0], join.rng(docs[0]))]
    [('Anna came . Bo came .', ['[0, 4) PER', '[12, 14) PER'])]
    """

    most_characters: int = Field(400, ge=2, le=100_000)

    _partners: Mapping[Kind, tuple[list[int], tuple[Document, ...]]] = PrivateAttr(default_factory=dict)

    def fitted(self, train: Iterable[Document]) -> Self:
        """This augmenter with partners by kind, the shorter ones first, and their lengths."""
        short = (doc for doc in train if doc.text.strip() and len(doc.text) < self.most_characters - 1)
        copy = self.model_copy()
        found = {of: sorted(docs, key=lambda doc: (len(doc.text), doc.id)) for of, docs in partners(short).items()}
        copy._partners = {of: ([len(doc.text) for doc in docs], tuple(docs)) for of, docs in found.items()}
        return copy

    def draw(self, doc: Document, rng: Random) -> Made:
        """The document and the partner drawn, with what parts them."""
        length = len(doc.text)
        lengths, others = self._partners.get(kind(doc), ([], ()))
        fitting = bisect(lengths, self.most_characters - 1 - length)
        for _ in range(_DRAWS if fitting and length else 0):
            partner = others[rng.randrange(fitting)]
            if partner.text != doc.text:
                between = _between(doc, partner)
                parts = (Piece(length, length, between),) if between else ()
                return Made((Piece(0, length), *parts, Piece(0, len(partner.text), None, 1)), (partner,))
        raise Refused(f"no other document of its kind is short enough for {self.most_characters} characters together")


def _between(first: Document, second: Document) -> str:
    """What comes between two texts of one language."""
    if first.text[-1].isspace() or second.text[0].isspace():
        return ""
    if spaced(first.language) or any(c.isspace() for c in first.text):
        return " "
    return "" if unicodedata.category(first.text[-1])[0] in "PS" else "。"
