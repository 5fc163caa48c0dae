"""Words left out."""

from __future__ import annotations

from random import Random

from pydantic import Field

from pipeline.augmentation import Augmenter, Made, Refused, pieces_of
from pipeline.augmentation._eligible import eligible, some
from pipeline.augmentation._joining import runs_together
from pipeline.types import Document, Edit


class DeleteWords(Augmenter):
    """Leaves out a share of the words outside of mentions, at least one, never all; and one white space with each.

    The share is that of the words that may go: no mention, no number, no sign; in a document with a label no negation.
    Words between which two others would run together stay. (Random deletion: Wei and Zou, 2019, "EDA: Easy Data
    Augmentation Techniques for Boosting Performance on Text Classification Tasks".)

    >>> doc = Document("a", "Anna came home late", "en", spans=())
    >>> delete = DeleteWords(share_of_words=0.5)
    >>> [child.text for child in delete(doc, delete.rng(doc))]
    ['Anna home']
    """

    share_of_words: float = Field(0.1, gt=0, le=0.9)

    def draw(self, doc: Document, rng: Random) -> Made:
        """The document without the words drawn."""
        words = eligible(doc)
        if len(words) < 2:
            raise Refused("there are no two words outside of mentions, of which one could go")
        gaps: list[Edit] = []
        for start, end in some(words, self.share_of_words, rng, spared=1):
            at = gaps[-1].end if gaps else 0
            if start > at and doc.text[start - 1].isspace():
                start -= 1
            elif (gaps[0].start if gaps and start == at else start) == 0 and doc.text[end : end + 1].isspace():
                end += 1  # nothing is left before it
            if gaps and start == at:
                gaps[-1] = Edit(gaps[-1].start, end, "")
            else:
                gaps.append(Edit(start, end, ""))
        gaps = [gap for gap in gaps if not runs_together(doc.text, gap.start, gap.end, "")]
        if not gaps:
            raise Refused("the words beside the one left out would run together")
        return Made(pieces_of(len(doc.text), gaps))
