"""What a fine-tuning method needs of a task: classes, targets, and the way back from scores to predictions.

A *unit* is what gets one class: the source's own tokens where the text shows them, else the words of the tokenizer
(single characters for Chinese). Scores are natural-log probabilities. Nothing here knows a tensor library.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import pyarrow as pa

from pipeline.task import Task
from pipeline.types import Document, Range

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def visible_tokens(text: str, tokens: Sequence[Range] | None) -> Sequence[Range] | None:
    """The source's tokens where the text itself shows them: each is what stands between white space; else None.

    Words that annotators cut out of a Chinese text are not visible in it. A model that took them as its units would be
    told where names begin and end, in the test too, and score what it cannot reach on plain text.

    >>> visible_tokens("Bo left", [(0, 2), (3, 7)])
    [(0, 2), (3, 7)]
    >>> visible_tokens("李鹏说", [(0, 2), (2, 3)]) is None
    True
    """
    if tokens is None or [text[a:b] for a, b in tokens] != text.split():
        return None
    return tokens


def groups_of(table: pa.Table) -> list[str]:
    """What bootstrap draws are made of: the group of each document; one without a group is a group of its own."""
    return [g or i for g, i in zip(table["group_id"].to_pylist(), table["id"].to_pylist(), strict=True)]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model reads of a document. Nothing of it is cut off: a long `text` goes through overlapping windows.

    `text` begins at character `at` of the document. `first`, where there are two texts, stands whole before every
    window of `text`. `together` is a range of characters of `text` that must be in one window: then that is the only
    one.
    """

    text: str
    at: int = 0
    first: str | None = None
    together: Range | None = None


class LearnableTask(Task):
    """A task that `pipeline.training` can fit a classifier to.

    `head` is what stands on the encoder: "token" gives every unit one class, "sequence" every document one class,
    "multi_label" every document each class or not, "span" every document a first and a last unit.
    """

    head: ClassVar[Literal["token", "sequence", "multi_label", "span"]]
    pair: ClassVar[bool] = False  # whether `reading` has a first text
    markers: ClassVar[tuple[str, ...]] = ()  # words that `reading` puts in: the vocabulary must have them

    @property
    @abstractmethod
    def classes(self) -> tuple[str, ...]:
        """Names of the classifier's outputs, in order; they become `id2label` of the checkpoint."""

    def reading(self, doc: Document) -> Reading:
        """What the model reads of a document: all of its text, unless the task says otherwise.

        Raises:
            InvalidDocument: a span that says where something begins is missing.
        """
        return Reading(doc.text)

    @abstractmethod
    def targets(self, doc: Document, units: Sequence[Range]) -> list[int]:
        """Class indices: one a unit for the head "token", exactly one for the head "sequence"; for "multi_label" a 0
        or 1 a class; for "span" the first and the last unit, or nothing where the document has no such span."""

    def piece_class(self, target: int) -> int:
        """The class of the second and later pieces of a unit whose class is `target` (head "token" only)."""
        return target

    def lost(self, doc: Document, units: Sequence[Range]) -> int:
        """How many annotations of a document the targets over these units cannot say."""
        return 0

    @abstractmethod
    def predicted(
        self, docs: Sequence[Document], units: Sequence[Sequence[Range]], scores: Sequence[NDArray[np.float32]]
    ) -> pa.Table:
        """One row a document, in the same order.

        `scores[i]` has shape (units, classes), or (1, classes); for the head "span" (2, 3): log probability, first and
        last unit, of "none" (both -1) and of the best span there is (both -1 where no unit has a character).
        """

    @abstractmethod
    def headline_value(self, gold: pa.Table, predictions: pa.Table) -> float:
        """The headline metric alone, without intervals: what an epoch is chosen by."""

    @abstractmethod
    def headline_draws(self, gold: pa.Table, predictions: pa.Table) -> NDArray[np.float64]:
        """The headline metric of every bootstrap draw of test groups, the same draws for all predictions of a test."""
