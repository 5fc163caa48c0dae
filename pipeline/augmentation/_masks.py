"""Mentions behind masks that a translator copies, and how many of them come back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.types import Document, Piece, Range

# Names to a rule-based translator, rare pieces to a neural one, and forms that survive as punctuation.
FORMS = ("XPER{}", "Xent{}", "Q{}Q", "[{}]", "<{}>", "__{}__")


@dataclass(frozen=True)
class Mask:
    """How the mask of a mention is written: `{}` is the mention's number in its text."""

    form: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """A mask in any case, no part of a longer word; Han beside it is no word in this sense."""
        body = re.escape(self.form).replace(r"\{\}", r"(\d{1,4})")
        return re.compile(rf"(?<!\w){body}(?!\w)", re.ASCII | re.IGNORECASE)

    def put(self, doc: Document) -> str:
        """The text with every mention masked."""
        made, at = [], 0
        for number, span in enumerate(doc.spans or ()):
            made += [doc.text[at : span.start], self.form.format(number)]
            at = span.end
        return "".join([*made, doc.text[at:]])

    def found(self, text: str) -> list[tuple[int, Range]]:
        """(number, where it stands) of every mask, in order."""
        return [(int(m[1]), m.span()) for m in self.pattern.finditer(text)]

    def survived(self, text: str, count: int) -> bool:
        """Whether each of `count` masks is there exactly once."""
        return sorted(number for number, _ in self.found(text)) == list(range(count))


def gaps(doc: Document) -> list[Range]:
    """The text before, between and after the mentions: one range more than there are mentions; some are empty."""
    spans = doc.spans or ()
    return list(zip([0, *(s.end for s in spans)], [*(s.start for s in spans), len(doc.text)], strict=True))


def restored(doc: Document, text: str, mask: Mask) -> list[Piece]:
    """A translated text as pieces of the document: mentions where their masks are, in the masks' order.

    What stands between two masks takes the place of the gap between the mentions that is as many mentions from the
    start. A text without spaces gets none beside its mentions.
    """
    spaces = any(char.isspace() for char in doc.text)
    spans, pieces, at = doc.spans or (), list[Piece](), 0
    found = [*mask.found(text), (-1, (len(text), len(text)))]
    for (number, (start, end)), (a, b) in zip(found, gaps(doc), strict=True):
        between = text[at:start] if spaces else text[at:start].strip(" ")
        if between:
            pieces.append(Piece(a, b, between))
        if number >= 0:
            pieces.append(Piece(spans[number].start, spans[number].end))
        at = end
    return pieces


def rate(masked: Sequence[int], texts: Sequence[str], mask: Mask) -> float:
    """The share of texts in which every mask is there exactly once; `masked` is how many each was given."""
    return sum(map(mask.survived, texts, masked)) / max(1, len(masked))
